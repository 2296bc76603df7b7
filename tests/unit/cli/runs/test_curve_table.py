"""The table of curves in `show` and `explore`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.cli.runs.curve_table import curve_table
from qanat.domain.measured import Point
from qanat.domain.metric_problems import CHANGED, MetricProblem
from qanat.usecases.runs.drawn_curves import DrawnCurve
from tests.unit.records.example import RUN

LEAST, GREATEST = Point(0.125, 1_000), Point(float("inf"), 0.5)
CURVES = [DrawnCurve(0, "loss", 0.25, LEAST, GREATEST, [2, 1]), DrawnCurve(3, "val.acc", 0.25, LEAST, GREATEST)]


def words(lines: list[str]) -> list[list[str]]:
    """Split lines into words."""
    return [line.split() for line in lines]


def test_each_curve_has_its_course_and_what_it_came_to() -> None:
    assert words(curve_table(RUN, CURVES, most=5, width=None)) == [
        ["group", "curve", "course", "last", "min", "max"],
        ["0", "loss", "█▁", "0.25", "0.125", "at", "1,000", "inf", "at", "0.5"],
        ["3", "val.acc", "0.25", "0.125", "at", "1,000", "inf", "at", "0.5"],
    ]


def test_what_is_unknown_of_a_long_curve_that_is_written_is_empty() -> None:
    assert words(curve_table(RUN, [DrawnCurve(0, "loss", 0.25)], most=5, width=None)) == [
        ["group", "curve", "last"],
        ["0", "loss", "0.25"],
    ]


def test_the_group_is_not_said_of_a_run_that_has_only_one() -> None:
    run = replace(RUN, groups=RUN.groups[:1])
    assert words(curve_table(run, CURVES[:1], most=5, width=None))[1][:2] == ["loss", "█▁"]


@pytest.mark.parametrize(("width", "headings"), [(46, "group curve course last min"), (26, "group curve last")])
def test_the_extremes_and_the_course_give_way_in_a_narrow_terminal(width: int, headings: str) -> None:
    table = curve_table(RUN, CURVES, most=5, width=width)
    assert table[0].split() == headings.split()
    assert all(len(line) <= width for line in table)


def test_curves_beyond_some_are_left_out_and_without_any_there_is_no_table() -> None:
    table = curve_table(RUN, CURVES, most=1, width=None)
    assert (len(table), table[-1]) == (3, f"… and more; for all: qanat metrics {RUN.number}")
    assert curve_table(RUN, [], most=5, width=None) == []


def test_files_that_have_changed_are_noted_below_the_table_once() -> None:
    problems = [MetricProblem(Path(f"run_4/group_{group}/metrics.jsonl"), "metrics.jsonl", CHANGED) for group in (0, 3)]
    curves = [replace(curve, changed=[problem]) for curve, problem in zip(CURVES, problems, strict=True)]
    note = f"Note: run_4/group_0/metrics.jsonl: {CHANGED}"
    assert curve_table(RUN, [curves[0], *curves], most=5, width=None)[4:] == [f"{note}; the same in 1 other group"]
    assert curve_table(RUN, curves, most=1, width=None)[-1] == note
