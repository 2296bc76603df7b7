"""Comparing rows with a baseline: which rows are compared, and what is an error."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from qanat.domain.against_baseline import Against, Baseline, against_baseline
from qanat.domain.comparison import Comparison, Grouping, compare
from qanat.domain.facts import facts_of
from qanat.domain.run import Run
from qanat.domain.statistics import Method
from qanat.errors import UsageError
from tests.unit.domain.test_comparison import a_run

SWEEP = a_run(
    1,
    *(
        (f"--model {model} --data {data} --seed {seed}", {"acc": level + seed / 100})
        for model, data, level in (("old", "a", 0.5), ("old", "b", 0.6), ("new", "a", 0.7), ("new", "b", 0.601))
        for seed in (0, 1, 2)
    ),
)


def rows_of(*runs: Run, pool: bool = False) -> Comparison:
    return compare(map(facts_of, runs), better={}, grouping=Grouping(pool=pool))


def where(run: Run, text: str) -> Baseline:
    """Return the baseline of the groups of a run with these words."""
    groups = {(run.id, group.number) for group in run.groups if text in " ".join(group.args)}
    return Baseline(repr(text), groups, whole=True)


def run_of(run: Run) -> Baseline:
    return Baseline(repr(str(run.number)), {(run.id, group.number) for group in run.groups}, whole=False)


def places(found: dict[int, Against | None]) -> dict[int, int | None]:
    """Return the positions of rows with those of the rows that they are compared with."""
    return {place: against.place if against else None for place, against in found.items()}


def test_all_rows_are_compared_with_a_single_row() -> None:
    assert places(against_baseline(rows_of(SWEEP), where(SWEEP, "--model old --data a"), {})) == {
        0: None,
        1: 0,
        2: 0,
        3: 0,
    }


def test_with_several_rows_that_one_counts_which_has_the_same_of_what_they_differ_in() -> None:
    found = against_baseline(rows_of(SWEEP), where(SWEEP, "--model old"), {})
    assert places(found) == {0: None, 1: None, 2: 0, 3: 1}
    assert found[2] is not None
    difference = found[2].differences["acc"]
    assert (difference.method, difference.value) == (Method.WELCH, pytest.approx(0.2))


def test_a_row_without_a_counterpart_is_not_compared() -> None:
    more = a_run(2, ("--model new --data c --seed 0", {"acc": 0.9}))
    assert places(against_baseline(rows_of(SWEEP, more), where(SWEEP, "--model old"), {})) == {
        0: None,
        1: None,
        2: 0,
        3: 1,
    }


def test_a_run_is_the_baseline_of_others_with_the_same_parameters() -> None:
    values = ((0.52, 0.50, 0.57), (0.63, 0.60, 0.61))
    again = a_run(
        2,
        *(
            (f"--model old --data {data} --seed {s}", {"acc": value[s]})
            for data, value in zip("ab", values, strict=True)
            for s in (0, 1, 2)
        ),
        tree="b" * 40,
    )
    found = against_baseline(rows_of(again, SWEEP), run_of(SWEEP), {})
    # The run has two rows for each dataset, so rows are told apart by the model, too.
    assert places(found) == {2: None, 3: None, 4: None, 5: None, 0: 2, 1: 3}
    assert found[0] is not None
    assert found[0].differences["acc"].method is Method.PAIRED


def test_a_run_that_was_repeated_is_a_baseline_also_if_only_its_repetition_counts() -> None:
    first, again, other = (a_run(i, (f"--n {n} --seed 0", {"acc": 1.0})) for i, n in ((1, 1), (2, 1), (3, 2)))
    assert places(against_baseline(rows_of(first, again, other, pool=True), run_of(first), {})) == {0: None, 1: 0}


def test_only_metrics_that_both_have_are_compared() -> None:
    one, other = a_run(1, ("--n 1", {"acc": 1.0, "old": 1.0})), a_run(2, ("--n 1", {"acc": 2.0, "new": 1.0}))
    found = against_baseline(rows_of(one, other), run_of(one), {})
    assert found[1] is not None
    assert set(found[1].differences) == {"acc"}


def test_a_row_with_other_groups_too_belongs_to_the_baseline_of_a_run_but_not_of_a_condition() -> None:
    one, other = (a_run(n, (f"--n 1 --seed {n}", {"acc": float(n)})) for n in (1, 2))
    pooled = rows_of(one, other, pool=True)
    assert places(against_baseline(pooled, run_of(one), {})) == {0: None}
    with pytest.raises(UsageError, match=r"no row is the baseline '--seed 1'"):
        against_baseline(pooled, where(one, "--seed 1"), {})


@pytest.mark.parametrize(("seeds", "differ"), [({}, True), ({"iris": ["--data"]}, False)])
def test_seeds_do_not_tell_rows_of_the_baseline_apart(seeds: dict[str, Collection[str]], differ: bool) -> None:
    one, other = (a_run(n, (f"--data {n}", {"acc": float(n)})) for n in (1, 2))
    both = Baseline("'x'", {(run.id, 0) for run in (one, other)}, whole=True)
    if differ:
        assert places(against_baseline(rows_of(one, other), both, {})) == {0: None, 1: None}
    else:
        with pytest.raises(UsageError, match="several rows with the same parameters, of runs 1-000001, 2-000002"):
            against_baseline(rows_of(one, other), both, {"iris": ["--data"]})


def test_rows_whose_groups_differ_in_more_than_the_seed_are_not_tested() -> None:
    one, other = (
        a_run(i, *((f"--lr {i} --m {m} --seed {s}", {"acc": m + s + i}) for m in (0, 5) for s in (0, 1)))
        for i in (1, 2)
    )
    rows = compare(map(facts_of, [one, other]), better={}, grouping=Grouping(by="--lr"))
    found = against_baseline(rows, run_of(one), {})[1]
    assert found is not None
    assert (found.differences["acc"].value, found.differences["acc"].p) == (1.0, None)
    assert found.differences["acc"].untested == "groups of a row differ in --m"
