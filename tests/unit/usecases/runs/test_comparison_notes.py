"""What is said of a comparison: groups that are left out, and what keeps rows apart."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.against_baseline import Baseline, against_baseline
from qanat.domain.comparison import Grouping, compare
from qanat.domain.container import Container
from qanat.domain.facts import facts_of
from qanat.domain.group_key import SharedKey
from qanat.domain.run import Run, State
from qanat.usecases.runs.compare import ChosenRuns, Compared, CompareRequest
from qanat.usecases.runs.comparison_notes import notes
from tests.unit.domain.test_comparison import a_run, failing


def said(*runs: Run, by: str | None = None, pool: bool = False, baseline: Run | None = None) -> list[str]:
    """Return the notes on a comparison of these runs."""
    facts = [facts_of(run) for run in runs]
    found = compare(facts, better={}, grouping=Grouping(by=by, pool=pool))
    groups = {(baseline.id, 0)} if baseline else set()
    against = against_baseline(found, Baseline("it", groups, whole=False), {}) if baseline else {}
    compared = Compared(found, CompareRequest(group_by=by, pool=pool), {}, {}, against)
    return list(notes(compared, ChosenRuns(facts), ()))


def test_groups_that_did_not_finish_are_named_by_their_row() -> None:
    run = a_run(4, *((f"--lr {lr} --seed {s}", {"acc": 1.0}) for lr in ("0.1", "0.2", "0.3") for s in (0, 1, 2)))
    assert said(run) == []
    assert said(failing(run, 4)) == ["1 group that did not finish is left out: 1 of 3 of run 4 with lr=0.2"]
    assert said(failing(run, 0, 3, 4, 6, 7, 8)) == [
        "6 groups that did not finish are left out: 1 of 3 of run 4 with lr=0.1, 2 of 3 of run 4 with lr=0.2, "
        "all 3 of run 4 with lr=0.3"
    ]


def test_of_many_rows_with_groups_that_did_not_finish_the_first_are_named() -> None:
    run = a_run(4, *((f"--lr {lr} --seed {s}", {"acc": 1.0}) for lr in range(7) for s in (0, 1)))
    (note,) = said(failing(run, *range(0, 14, 2)))
    assert note.startswith("7 groups that did not finish are left out: 1 of 2 of run 4 with lr=0, ")
    assert note.endswith("with lr=4, and 2 more rows")


def test_repeats_are_counted_once_and_noted_with_their_reason() -> None:
    first = a_run(1, *((f"--lr 1 --seed {s}", {"acc": s}) for s in (0, 1, 2)))
    again = replace(a_run(2, *((f"--lr 1 --seed {s}", {"acc": s}) for s in (0, 1, 2))), rerun_of=first.id)
    assert said(failing(first, 1, 2), failing(again, 1, 2), pool=True) == [
        "1 group does not count, since another with the same parameters and seed finished later",
        "2 groups that did not finish are left out: 2 of 3 of run 2",
    ]
    once = a_run(3, ("--lr 1", {"acc": 1.0}))
    twice = replace(a_run(4, ("--lr 1", {"acc": 1.0})), rerun_of=once.id)
    thrice = replace(a_run(5, ("--lr 1.0", {"acc": 1.0})), rerun_of=twice.id)
    assert said(once, twice, thrice) == []
    assert said(once, twice, thrice, pool=True) == ["2 groups do not count, since a rerun of the same finished later"]


def test_rows_by_a_parameter_say_in_which_others_their_groups_differ_and_nothing_is_tested() -> None:
    run = a_run(1, *((f"--lr {lr} --m {m} --seed {s}", {"acc": s}) for lr in (1, 2) for m in (0, 5) for s in (0, 1)))
    assert said(run) == []
    assert said(run, by="--lr") == ["groups of a row differ in m"]
    other = a_run(2, *((f"--lr 1 --m {m} --seed {s}", {"acc": s + m}) for m in (0, 5) for s in (0, 1)))
    first = replace(run, groups=run.groups[:4])
    assert said(first, other, by="--lr", baseline=first) == ["groups of a row differ in m, so no difference is tested"]


def test_pooled_runs_of_different_code_are_named_with_the_command_that_shows_how_it_differs() -> None:
    runs = [a_run(n, ("--n 1", {"acc": 1.0}), tree=tree * 40) for n, tree in enumerate("aabb")]
    assert said(*runs) == []
    assert said(runs[0], runs[1], pool=True) == []
    assert said(*runs, pool=True) == [
        "runs 0, 1 and runs 2, 3 share no row, since their code differs: "
        "git diff --stat aaaaaaaaaa bbbbbbbbbb -- ':!.qanat/runs' ':!.qanat/environments'"
    ]
    other = a_run(9, ("--n 2", {"acc": 1.0}), tree="c" * 40)
    assert said(runs[0], other, pool=True) == []


def test_files_of_qanat_are_shown_only_if_they_may_be_how_pooled_runs_differ() -> None:
    keys = [SharedKey(code=code, command=command) for code, command in ("ac", "bc", "ad")]
    runs = [a_run(n, ("--n 1", {"acc": 1.0}), tree=f"{n}" * 40) for n in range(3)]
    first, other, started_otherwise = (replace(run, key=key) for run, key in zip(runs, keys, strict=True))
    (note,) = said(first, other, pool=True)
    assert note.endswith("differs: git diff --stat 0000000000 1111111111 -- ':!.qanat'")
    (note,) = said(first, started_otherwise, pool=True)
    assert note.endswith(" -- ':!.qanat/runs' ':!.qanat/environments'")


def test_of_many_states_of_the_code_the_first_are_named() -> None:
    runs = [a_run(n, ("--n 1", {"acc": 1.0}), tree=tree * 40) for n, tree in enumerate("abcdef")]
    *named, last = said(*runs, pool=True)
    assert (len(named), last) == (3, "2 more pairs of commits differ in their code")


def test_runs_without_a_finished_group_are_no_part_of_the_count() -> None:
    run, lost = a_run(1, ("--n 1", {"acc": 1.0})), a_run(2, ("--n 1", {}))
    gone = lost.with_groups({0: replace(lost.groups[0], state=State.LOST)})
    assert said(run, gone) == []


def test_runs_in_another_container_than_the_first_one_are_named() -> None:
    runs = [a_run(n, ("--n 1", {"acc": 1.0})) for n in range(1, 9)]
    one, other = (Container(f"{name}.sif", "apptainer", f"sha256:{name}") for name in "ab")
    inside = [replace(run, container=one) for run in runs]
    assert said(*inside) == []
    assert said(*inside[:2], replace(runs[2], container=other), runs[3]) == [
        "another container than for run 1 (a.sif): run 3 (b.sif), run 4 (none)"
    ]
    rebuilt = replace(one, identity="sha256:c")
    assert said(*inside[:2], replace(runs[2], container=rebuilt), runs[3]) == [
        "another container than for run 1 (a.sif, sha256:a): run 3 (a.sif, sha256:c), run 4 (none)"
    ]
    (many,) = said(runs[0], *inside[1:])
    assert many.startswith("another container than for run 1 (none): run 2 (a.sif), ")
    assert many.endswith("run 6 (a.sif), and 2 more")
