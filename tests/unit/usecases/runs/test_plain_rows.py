"""Rows of runs as CSV."""

from __future__ import annotations

import math
from dataclasses import replace

from qanat.domain.condition import METRIC
from qanat.domain.facts import facts_of, rows_of
from qanat.domain.run import Group, State
from qanat.domain.run_columns import Column
from qanat.usecases.runs.plain_rows import as_csv
from qanat.usecases.runs.rows import Table
from tests.unit.records.example import RUN

LOSS = Column(METRIC, ("loss",), "loss")


def csv_of(*runs: list[float]) -> list[str]:
    """Return the lines of a table of runs whose groups have these values."""
    made = (
        replace(RUN, groups=tuple(Group(n, (), State.FINISHED, metrics={"loss": v}) for n, v in enumerate(values)))
        for values in runs
    )
    rows = rows_of(map(facts_of, made), by_group=False)
    return as_csv(Table(rows, len(rows), False, [LOSS], [LOSS], [LOSS])).splitlines()


def test_a_metric_of_several_groups_has_its_least_and_its_greatest() -> None:
    assert csv_of([1, -math.inf, 2], [3], []) == ["loss.min,loss.max", "-inf,2", "3,3", ","]
    assert csv_of([1], [math.nan], [math.inf]) == ["loss", "1", "nan", "inf"]


def test_groups_with_nan_are_counted_in_a_column_of_their_own() -> None:
    assert csv_of([1, math.nan, 2], [math.nan, math.nan], [5], []) == [
        "loss.min,loss.max,loss.nan",
        "1,2,1",
        "nan,nan,2",
        "5,5,0",
        ",,",
    ]
