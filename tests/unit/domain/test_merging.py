"""Merging two versions of a record: what each side knows survives, and it does not matter which side is ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qanat.domain.attempts import AttemptState, Earlier, combine
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.merging import CannotMerge, merge_groups, merge_runs, merge_tags, merge_values
from qanat.domain.outputs import Outputs
from qanat.domain.run import Group, Run, RunnerChoice, State, SubmissionFacts
from tests.support.strategies import json_values, stable
from tests.unit.records.example import RUN

ONE = Group(0, ("--n", "1"), State.RUNNING, job="18", started="2026-11-23T05:17:56+00:00")
DONE = replace(ONE, state=State.FINISHED, exit_code=0, ended="2026-11-23T05:18:01+00:00")


MOMENTS = (None, "2026-11-23T05:17:55+00:00", "2026-11-23T05:17:55.001+00:00", "2026-11-24T00:00:00+00:00")


EARLIER = (
    (),
    (Earlier(1, AttemptState.FAILED, exit_code=3),),
    (Earlier(1, AttemptState.LOST), Earlier(2, AttemptState.STOPPED, signal=15, options={"mem": "2x"})),
    (Earlier(2, AttemptState.STOPPED, signal=15),),
)


def _groups(number: int) -> st.SearchStrategy[Group]:
    return st.builds(
        Group,
        st.just(number),
        st.just(("--n", str(number))),
        st.sampled_from(State),
        job=st.sampled_from([None, "18", "812_1"]),
        exit_code=st.sampled_from([None, 0, 1]),
        signal=st.sampled_from([None, 9]),
        started=st.sampled_from(MOMENTS),
        ended=st.sampled_from(MOMENTS),
        host=st.sampled_from([None, "node7"]),
        attempt=st.integers(1, 3),
        earlier=st.sampled_from(EARLIER),
        metrics=st.dictionaries(st.sampled_from("ab"), st.sampled_from([0, 0.5, 1.0])),
    ).map(lambda group: replace(group, earlier=combine(group.attempt, group.earlier)))


def _version(groups: tuple[Group, ...], changed: bool | None, **values: Any) -> Run:
    code = replace(RUN.code, changed_while_running=changed)
    return replace(RUN, groups=groups, code=code, **values)


VERSIONS = st.builds(
    _version,
    st.tuples(_groups(0), _groups(1)),
    st.sampled_from([None, False, True]),
    tags=st.lists(st.sampled_from("xyz"), unique=True).map(tuple),
    description=st.sampled_from(["", "one", "a one", "two"]),
    runner=st.sampled_from([RUN.runner, RunnerChoice("slurm"), RunnerChoice("slurm", "large", {"--mem": "2G"})]),
    submission=st.sampled_from(
        [
            SubmissionFacts("aa"),
            SubmissionFacts("aa", details={"cluster": 8}),
            SubmissionFacts("aa", max_running=2),
            SubmissionFacts("bb", pid=1),
        ]
    ),
)


@st.composite
def versions(draw: st.DrawFn) -> tuple[Run, Run, Run]:
    """Return an ancestor and two versions of the same run, either of which may be unchanged."""
    base = draw(VERSIONS)
    return base, draw(st.just(base) | VERSIONS), draw(VERSIONS)


@stable
@given(versions(), st.booleans())
def test_it_does_not_matter_which_side_is_ours(given_runs: tuple[Run, Run, Run], has_base: bool) -> None:
    base, ours, theirs = given_runs
    known = base if has_base else None
    assert repr(merge_runs(known, ours, theirs)) == repr(merge_runs(known, theirs, ours))


@stable
@given(versions())
def test_what_only_one_side_changed_is_taken_as_it_is(given_runs: tuple[Run, Run, Run]) -> None:
    base, ours, _ = given_runs
    assert merge_runs(base, ours, base) == ours
    assert merge_runs(base, ours, ours) == ours
    assert merge_runs(None, ours, ours) == ours


@stable
@given(versions())
def test_merging_once_more_changes_nothing(given_runs: tuple[Run, Run, Run]) -> None:
    base, ours, theirs = given_runs
    both = merge_runs(base, ours, theirs)
    assert merge_runs(ours, both, ours) == both
    assert merge_runs(theirs, theirs, both) == both


@stable
@given(versions())
def test_no_end_and_no_attempt_that_a_side_has_found_is_lost(given_runs: tuple[Run, Run, Run]) -> None:
    _, ours, theirs = given_runs
    both = merge_runs(None, ours, theirs)
    for our, their, group in zip(ours.groups, theirs.groups, both.groups, strict=True):
        assert group.attempt == max(our.attempt, their.attempt)
        assert {end.attempt for end in group.earlier} == {end.attempt for side in (our, their) for end in side.earlier}
        last = [g for g in (our, their) if g.attempt == group.attempt]
        assert group.state.ended == any(g.state.ended for g in last)
        assert (group.state is State.LOST) <= all(g.state is State.LOST or not g.state.ended for g in last)
    assert set(both.tags) == {*ours.tags, *theirs.tags}
    assert ours.description in both.description
    assert theirs.description in both.description


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (replace(ONE, state=State.QUEUED, started=None), ONE),
        (replace(ONE, state=State.QUEUED), replace(ONE, state=State.HELD)),
        (ONE, DONE),
        (ONE, replace(DONE, state=State.CANCELLED, exit_code=None, signal=15)),
        (replace(DONE, state=State.LOST, exit_code=None, reason="nobody knows"), DONE),
        (replace(DONE, state=State.LOST, exit_code=None), replace(DONE, state=State.FAILED, exit_code=1)),
        (replace(DONE, state=State.CANCELLED, exit_code=None), DONE),
        (DONE, replace(ONE, attempt=2, state=State.QUEUED, started=None, job=None)),
        (replace(DONE, attempt=2), replace(DONE, attempt=3, state=State.LOST, exit_code=None)),
    ],
)
def test_more_evidence_wins(less: Group, more: Group) -> None:
    assert merge_groups(None, less, more) == more
    assert merge_groups(None, more, less) == more
    assert merge_groups(replace(ONE, host="before"), more, less) == more


def test_what_the_other_side_knows_of_the_same_attempt_is_kept() -> None:
    ours = replace(DONE, host=None, started=None, metrics={"acc": 0.5})
    theirs = replace(ONE, host="node7", job=None, metrics={"acc": 0.4, "loss": 2.0})
    expected = replace(DONE, host="node7", metrics={"acc": 0.5, "loss": 2.0})
    assert merge_groups(None, ours, theirs) == merge_groups(None, theirs, ours) == expected


def test_curves_that_either_side_knows_are_kept() -> None:
    one, other = (CurveSummary(Point(n, 1), Point(n, 1), Point(n, 1), 1) for n in (1, 2))
    ours = replace(DONE, curves={"loss": one}, curve_files={"metrics.csv": "a" * 64})
    theirs = replace(ONE, curves={"loss": other, "acc": other}, curve_files={"metrics.jsonl": "b" * 64})
    merged = merge_groups(None, ours, theirs)
    assert merged == merge_groups(None, theirs, ours)
    assert (merged.curves, list(merged.curve_files)) == ({"loss": one, "acc": other}, ["metrics.jsonl", "metrics.csv"])


def test_outputs_that_either_side_knows_are_kept() -> None:
    outputs = Outputs(1, 2, "0" * 32)
    merged = merge_groups(None, replace(DONE, host="node7"), replace(ONE, outputs=outputs))
    assert merged == merge_groups(None, replace(ONE, outputs=outputs), replace(DONE, host="node7"))
    assert merged.outputs == outputs


def test_nothing_of_another_attempt_or_another_job_is_mixed_in() -> None:
    for other in (replace(DONE, attempt=2, metrics={}), replace(DONE, job="99", ended="2026-11-23T06:00:00+00:00")):
        assert merge_groups(None, replace(ONE, host="node7", metrics={"loss": 2.0}), other) == other


def test_the_submission_that_finds_what_still_goes_on_is_kept() -> None:
    """One clone has retried group 0 locally; the other has resubmitted group 1, which is still active."""
    base = replace(RUN, groups=tuple(replace(g, state=State.FAILED, exit_code=1) for g in RUN.groups))
    again = replace(base.groups[0], attempt=2, state=State.FINISHED, job="40", exit_code=0)
    ours = replace(base, submission=SubmissionFacts("aa")).with_groups({0: again})
    queued = Group(1, base.groups[1].args, State.QUEUED, job="812_1", attempt=2)
    theirs = replace(base, submission=SubmissionFacts("bb", details={"cluster": 812}), runner=RunnerChoice("slurm"))
    theirs = theirs.with_groups({1: queued})
    both = merge_runs(base, ours, theirs)
    assert both.groups == (again, queued)
    assert (both.submission, both.runner) == (theirs.submission, theirs.runner)
    assert merge_runs(base, theirs, ours) == both


def test_two_parts_of_one_submission_are_put_together() -> None:
    ours = replace(RUN, submission=SubmissionFacts("aa", checkout="c", details={"cluster": 812}))
    theirs = replace(RUN, submission=SubmissionFacts("aa", inputs=("data",), details={"schedd": "submit01"}))
    both = merge_runs(replace(RUN, submission=SubmissionFacts("aa")), ours, theirs)
    details = {"cluster": 812, "schedd": "submit01"}
    assert both.submission == SubmissionFacts("aa", checkout="c", inputs=("data",), details=details)


@pytest.mark.parametrize("seen", [True, False, None])
def test_a_change_of_the_code_that_one_side_saw_is_known(seen: bool | None) -> None:
    ours = replace(RUN, code=replace(RUN.code, changed_while_running=True))
    theirs = replace(RUN, code=replace(RUN.code, changed_while_running=seen))
    assert merge_runs(RUN, ours, theirs).code.changed_while_running is True
    assert merge_runs(RUN, theirs, ours).code.changed_while_running is True


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "both"),
    [
        ("a b", "a b c", "a b d", "a b c d"),
        ("a b", "a b d", "a b c", "a b c d"),
        ("a b", "b", "a b", "b"),
        ("a b", "b c", "a", "c"),
        ("", "z a", "z", "z a"),
        ("", "b a", "a b", "a b"),
        ("b a", "a b", "b a", "a b"),
        ("", "", "", ""),
    ],
)
def test_tags_are_united_and_removed_ones_stay_removed(base: str, ours: str, theirs: str, both: str) -> None:
    for sides in ((ours, theirs), (theirs, ours)):
        assert merge_tags(base.split(), *(side.split() for side in sides)) == tuple(both.split())


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [("baseline", "", "baseline"), ("baseline", "a baseline", "a baseline"), ("two", "one", "one / two")],
)
def test_of_two_descriptions_no_word_is_lost(ours: str, theirs: str, both: str) -> None:
    for one, other in ((ours, theirs), (theirs, ours)):
        found = merge_runs(RUN, replace(RUN, description=one), replace(RUN, description=other))
        assert found.description == both


@pytest.mark.parametrize(
    "other",
    [
        replace(RUN, uid="000000"),
        replace(RUN, experiment="other"),
        replace(RUN, storage="elsewhere"),
        replace(RUN, code=replace(RUN.code, commit="1" * 40)),
        replace(RUN, groups=RUN.groups[:1]),
        replace(RUN, groups=(RUN.groups[0], replace(RUN.groups[1], args=("--n", "99")))),
    ],
)
def test_what_a_run_was_launched_with_is_never_chosen_between(other: Run) -> None:
    with pytest.raises(CannotMerge):
        merge_runs(None, RUN, other)


# ---- definitions


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "both"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
        ({"a": 1, "b": 2}, {"b": 2}, {"a": 1, "b": 3}, {"b": 3}),
        ({"o": {"x": 1, "y": 1}}, {"o": {"x": 2, "y": 1}}, {"o": {"x": 1, "y": 2}}, {"o": {"x": 2, "y": 2}}),
        ({}, {"o": {"x": 1}}, {"o": {"y": 2}}, {"o": {"x": 1, "y": 2}}),
        ({"o": {"x": 1}}, {}, {"o": {"x": 1}}, {}),
    ],
)
def test_different_keys_are_merged_at_every_depth(base: Any, ours: Any, theirs: Any, both: Any) -> None:
    assert merge_values(base, ours, theirs) == merge_values(base, theirs, ours) == both


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {"a": 2}, {"a": 2.0}),
        ({"a": 1}, {}, {"a": 2}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}),
        ({}, {"a": {"x": 1}}, {"a": 1}),
        ({"o": {"x": 1}}, {}, {"o": {"x": 2}}),
    ],
)
def test_one_key_that_both_changed_is_a_conflict(base: Any, ours: Any, theirs: Any) -> None:
    for sides in ((ours, theirs), (theirs, ours)):
        with pytest.raises(CannotMerge):
            merge_values(base, *sides)


@stable
@given(json_values(), json_values())
def test_a_value_that_one_side_changed_is_that_sides(base: Any, ours: Any) -> None:
    assume(repr(base) != repr(ours))
    assert merge_values(base, ours, base) == merge_values(base, base, ours) == merge_values(base, ours, ours) == ours


@pytest.mark.parametrize("changes", [{"imported": {"container": "a.sif"}}, {"rerun_of": "3-0a1b2c"}, {"host": "b"}])
def test_what_identifies_a_launch_is_the_same_on_both_sides_or_comes_from_one(changes: dict[str, Any]) -> None:
    other = replace(RUN, **changes)
    assert merge_runs(RUN, RUN, other) == merge_runs(RUN, other, RUN) == other
    with pytest.raises(CannotMerge):
        merge_runs(None, RUN, other)


EARLY, LATE = "2026-11-24T00:00:00+00:00", "2026-11-25T00:00:00+00:00"
RETRIED = replace(DONE, attempt=2, started=LATE, ended=LATE)


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ((DONE, EARLY), (DONE, None), EARLY),
        ((DONE, EARLY), (DONE, LATE), LATE),
        ((DONE, EARLY), (RETRIED, None), None),
        ((DONE, EARLY), (replace(DONE, attempt=2, state=State.QUEUED, started=None, ended=None), None), None),
        ((DONE, "2026-11-26T00:00:00+00:00"), (RETRIED, None), "2026-11-26T00:00:00+00:00"),
    ],
)
def test_results_that_a_side_has_removed_are_gone_unless_the_other_has_made_new_ones(
    ours: tuple[Group, str | None], theirs: tuple[Group, str | None], merged: str | None
) -> None:
    sides = [replace(RUN, groups=(group,), results_removed=removed) for group, removed in (ours, theirs)]
    base = replace(RUN, groups=(DONE,))
    assert [merge_runs(base, *pair).results_removed for pair in (sides, sides[::-1])] == [merged] * 2
