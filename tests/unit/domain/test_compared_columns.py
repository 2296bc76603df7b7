"""Columns of comparisons: rows sorted by them, and names that stand for none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest

from qanat.domain.compared_columns import chosen_columns, sorted_by, usual_columns
from qanat.domain.comparison import Comparison, compare
from qanat.domain.facts import facts_of
from qanat.domain.run import Run
from qanat.domain.search import Names
from qanat.domain.statistics import HIGHER, LOWER
from qanat.errors import UsageError
from tests.unit.domain.test_comparison import a_run

GROUPS = (("--n 1 --m b", {"acc": 2.0}), ("--n 10", {}), ("--n 9 --m a", {"acc": 3.0}), ("--n 4", {"acc": 1.0}))


def test_what_a_curve_came_to_is_no_column_where_no_row_has_it() -> None:
    """As if only a group that failed had the curve, or --metric had left it out."""
    facts = facts_of(a_run(1, *GROUPS))
    found = compare([facts], better={})
    with pytest.raises(UsageError, match=r"no row has the metric 'loss\.min'") as caught:
        chosen_columns(["n", "loss.min"], found, Names({}, {}, {"loss": None}))
    assert caught.value.hint == "metrics of rows: acc"


def test_columns_are_chosen_by_names_and_patterns_once_each() -> None:
    facts = facts_of(a_run(1, *GROUPS))
    found = compare([facts], better={})
    columns = chosen_columns(["run", "parameter.*", "--n", "a*", "groups"], found, Names.of(facts.groups))
    assert [column.heading for column in columns] == ["runs", "--n", "m", "acc", "n"]


def test_a_metric_called_like_a_parameter_or_another_column_is_headed_as_one_names_it() -> None:
    """As in tables of runs, also where the parameter is a seed and has no column."""
    groups = (("--seed 1 --groups 2", {"seed": 7.0, "groups": 1.0}), ("--seed 1 --groups 3", {"seed": 8.0}))
    found = compare([facts_of(a_run(1, *groups))], better={})
    headings = [column.heading for column in usual_columns(found)]
    assert headings == ["runs", "n", "--groups", "metric.seed", "metric.groups"]
    chosen = chosen_columns(headings, found, Names(dict.fromkeys(("--seed", "--groups")), {}, {}))
    assert [column.heading for column in chosen] == headings


def compared(runs: Sequence[Run], keys: Sequence[str], better: Mapping[str, str] | None = None) -> Comparison:
    facts = [facts_of(run) for run in runs]
    found = compare(facts, better=better or {})
    return sorted_by(found, keys, Names.of(group for run in facts for group in run.groups), better or {})


def ns(found: Comparison) -> list[str]:
    return [row.parameters["--n"] for row in found.rows]


@pytest.mark.parametrize(
    ("keys", "better", "expected"),
    [
        (["acc"], {}, ["4", "1", "9", "5", "10"]),
        (["acc"], {"acc": LOWER}, ["4", "1", "9", "5", "10"]),
        (["acc"], {"acc": HIGHER}, ["9", "1", "4", "5", "10"]),
        (["-acc"], {"acc": LOWER}, ["9", "1", "4", "5", "10"]),
        (["n"], {}, ["5", "1", "10", "9", "4"]),  # n is how many groups a row has
        (["--n"], {}, ["1", "4", "5", "9", "10"]),
        (["-parameter.n"], {}, ["10", "9", "5", "4", "1"]),
        (["m"], {}, ["9", "1", "5", "10", "4"]),
        (["-m", "--n"], {}, ["1", "9", "4", "5", "10"]),
        (["run", "acc"], {}, ["4", "1", "9", "10", "5"]),
        (["-runs"], {}, ["5", "1", "10", "9", "4"]),
        (["commit"], {}, ["5", "1", "10", "9", "4"]),
        (["experiment"], {}, ["5", "1", "10", "9", "4"]),
        (["metric.acc"], {}, ["4", "1", "9", "5", "10"]),
    ],
)
def test_rows_are_sorted_by_columns_and_those_without_a_value_come_last(
    keys: list[str], better: dict[str, str], expected: list[str]
) -> None:
    found = compared([a_run(2, ("--n 5", {"acc": math.nan})), a_run(1, *GROUPS)], keys, better)
    assert ns(found) == expected


def test_the_best_rows_are_known_by_their_new_positions() -> None:
    found = compared([a_run(1, *GROUPS)], ["--n"], {"acc": HIGHER})
    assert (ns(found), found.best) == (["1", "4", "9", "10"], {"acc": {2}})


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("ac", "no run has the parameter or metric 'ac'", "did you mean metric.acc?"),
        ("-mm", "no run has the parameter or metric 'mm'", "did you mean m, commit?"),
        ("seed", "a row has no '--seed', since it is a mean over seeds", "qanat runs --groups shows each group"),
        ("state", "comparisons have no column 'state'", "available: experiment, runs, n, commit"),
    ],
)
def test_a_name_that_no_column_has_is_refused(key: str, message: str, hint: str) -> None:
    run = a_run(1, *((f"--m {m} --seed {s}", {"acc": 1.0}) for m in "ab" for s in "12"))
    with pytest.raises(UsageError) as caught:
        compared([run], [key])
    assert (caught.value.message, caught.value.hint) == (message, hint)
