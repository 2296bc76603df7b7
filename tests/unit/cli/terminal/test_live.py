"""What a live table shows on a screen of a certain size."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from qanat.cli.terminal.live import View, frame, values_line
from qanat.records.series_end import Newest
from qanat.usecases.runs.newest_values import NewestValues
from tests.unit.cli.terminal.test_run_table import line

RUNS = [line(number=number, state="running" if number > 8 else "finished") for number in range(12, 0, -1)]


def view(**changes: Any) -> View:
    """Return what is shown of twelve runs, of which the last four are active, with some of it replaced."""
    shown: dict[str, Any] = {
        "name": "iris",
        "lines": RUNS,
        "total": 12,
        "active": 4,
        "clock": "12:34:56",
        "notes": [],
    }
    return View(**{**shown, **changes})


def numbers(lines: list[str]) -> list[int]:
    """List the numbers of the runs that are shown."""
    return [int(line.partition(" ")[0]) for line in lines if line[:1].isdigit()]


def test_a_screen_has_a_title_the_headings_and_the_runs() -> None:
    lines = frame(view(), 120, 40)
    assert lines[0] == "iris: 4 active runs    12:34:56    q to quit"
    assert lines[1] == ""
    assert lines[2].startswith("🆔 ID")
    assert numbers(lines) == list(range(12, 0, -1))
    assert len(lines) == 15


def test_runs_that_fit_exactly_need_no_last_line() -> None:
    assert frame(view(), 120, 15)[-1].startswith("1 ")
    assert frame(view(), 120, 14)[-1] == "… and 2 more"


@pytest.mark.parametrize(
    ("rows", "shown", "last"),
    [
        (14, 10, "… and 2 more"),
        (10, 6, "… and 6 more"),
        (9, 6, "… and 6 more"),
        (5, 2, "… and 10 more, 2 of them active"),
    ],
)
def test_the_newest_that_fit_are_shown_and_the_others_counted(rows: int, shown: int, last: str) -> None:
    lines = frame(view(), 120, rows)
    assert numbers(lines) == list(range(12, 12 - shown, -1))
    assert lines[-1] == last
    assert len(lines) == rows


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_where_no_run_fits_there_are_no_headings(rows: int) -> None:
    lines = frame(view(), 120, rows)
    expected = ["iris: 4 active runs    12:34:56    q to quit", "… and 12 more, 4 of them active"]
    assert lines == expected[:rows]


def test_runs_that_were_not_asked_for_are_counted_too() -> None:
    assert frame(view(total=1012, active=5), 120, 40)[-1] == "… and 1,000 more, 1 of them active"


def test_a_project_without_runs_says_so() -> None:
    lines = frame(view(lines=[], total=0, active=0), 120, 40)
    assert lines == ["iris: 0 active runs    12:34:56    q to quit", "", "no runs yet"]


def test_one_active_run_is_one() -> None:
    assert frame(view(active=1), 120, 40)[0].startswith("iris: 1 active run   ")


@pytest.mark.parametrize(
    ("columns", "title"),
    [
        (44, "iris: 4 active runs    12:34:56    q to quit"),
        (43, "iris: 4 active runs    q to quit"),
        (32, "iris: 4 active runs    q to quit"),
        (31, "iris: 4 active ru…    q to quit"),
        (13, "…    q to qu…"),
    ],
)
def test_how_to_quit_is_said_as_long_as_it_fits(columns: int, title: str) -> None:
    assert frame(view(), columns, 40)[0] == title


def test_notes_are_below_the_table_and_cut() -> None:
    lines = frame(view(notes=["Slurm did not answer; what it said at 12:00 is shown", "another"]), 40, 12)
    assert lines[-3:] == ["… and 6 more", "note: Slurm did not answer; what it sai…", "note: another"]
    assert len(lines) == 12
    lines = frame(view(notes=["https://ann:pw@example.org refused"]), 80, 12)
    assert lines[-1] == "note: https://ann:[redacted]@example.org refused"


def test_the_newest_values_of_curves_are_between_the_table_and_the_notes() -> None:
    found = [
        NewestValues(12, None, Newest(1_000, {"loss": 0.123456789, "a\x1b": float("nan")})),
        NewestValues(11, 3, Newest(None, {"loss": 2})),
    ]
    lines = frame(view(newest=[*map(values_line, found)], notes=["note"]), 60, 16)
    assert lines[-5:] == [
        "… and 4 more",
        "",
        "▶ run 12: step 1,000: loss 0.123457, a\\x1b nan",
        "▶ run 11, group 3: loss 2",
        "note: note",
    ]
    assert len(lines) == 16
    assert not any("▶ run 12: " in line for line in frame(view(newest=[*map(values_line, found)]), 60, 15))


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 120])
@pytest.mark.parametrize("rows", [1, 4, 10, 24])
def test_no_screen_is_wider_or_higher_than_its_terminal(columns: int, rows: int) -> None:
    lines = frame(view(name="日本語\x1b[2J" * 9, notes=["x" * 200], newest=["y" * 200]), columns, rows)
    assert len(lines) <= rows
    assert max(map(cell_len, lines)) <= columns
    assert "\x1b" not in "".join(lines)
