"""Tables: columns that line up, whatever their cells hold and however narrow the terminal is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from qanat.cli.terminal.output import clean
from qanat.cli.terminal.tables import MARKS, NARROWEST, RUN_FLEXIBLE, RUN_HEADERS, progress_cell, run_rows, table
from qanat.domain.run import State
from qanat.records.index import RunSummary
from qanat.usecases.runs.listing import RunLine
from tests.support.strategies import stable, texts

SUMMARY = RunSummary(
    path=".qanat/runs/iris/0/4-7f3a9c.yaml",
    number=4,
    uid="7f3a9c",
    experiment="iris",
    state="finished",
    created="2026-11-23T05:17:55+00:00",
    started="2026-11-23T05:17:56+00:00",
    ended="2026-11-23T05:21:03+00:00",
    description="first try",
    tags="a, b",
    runner="local",
    storage="results/iris/run_4",
    groups=1,
    groups_ended=1,
)


def line(progress: float | None = None, **changes: object) -> RunLine:
    """Give a line of a table of runs, with some of its values replaced."""
    return RunLine(SUMMARY._replace(**changes), progress)


# ---- any table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("Name", "Path"), [("iris", "data/iris"), ("wine and more", "d")]) == (
        "Name             Path\niris             data/iris\nwine and more    d"
    )


def test_wide_characters_take_two_columns() -> None:
    text = table(("a", "b"), [("日本", "x"), ("🏁", "x"), ("é", "x")])
    assert text.splitlines() == ["a       b", "日本    x", "🏁      x", "é       x"]


def test_a_table_without_rows_is_its_headers() -> None:
    assert table(("Name", "Path"), []) == "Name    Path"


def test_flexible_columns_are_cut_where_the_terminal_ends() -> None:
    rows = [("4", "a description of forty characters, or so", "finished")]
    lines = table(("ID", "Description", "State"), rows, width=40, flexible=(1,)).splitlines()
    assert lines == [f"ID    Description{' ' * 15}State", "4     a description of fort…    finished"]


def test_the_widest_of_the_flexible_columns_is_cut_first() -> None:
    lines = table(("a", "b"), [("x" * 30, "y" * 12)], width=30, flexible=(0, 1)).splitlines()
    assert lines[1] == f"{'x' * 13}…    {'y' * 12}"


def test_a_column_is_left_out_before_it_is_cut_below_what_can_be_read() -> None:
    rows = [("x" * 30, "y" * 10, "z" * 30)]
    narrowest = 2 * NARROWEST + 10 + 2 * len("  ")
    lines = table(("a", "b", "c"), rows, width=narrowest, flexible=(0, 2)).splitlines()
    assert lines[1] == f"{'x' * (NARROWEST - 1)}…  {'y' * 10}  {'z' * (NARROWEST - 1)}…"
    assert table(("a", "b", "c"), rows, width=narrowest - 1, flexible=(0, 2)).splitlines() == [
        "a         b",
        f"{'x' * (NARROWEST - 1)}…  {'y' * 10}",
    ]
    assert table(("a", "b", "c"), rows, width=5, flexible=(0, 2)).splitlines() == ["b", "y" * 10]


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "a\nb", "\r", "\u202eabc", "[bold]x[/bold]", "[/]", "{x}"])
def test_cells_are_shown_as_they_are_and_on_one_line(text: str) -> None:
    lines = table(("a", "b"), [(text, "x")]).splitlines()
    assert lines[1].split("    ") == [clean(text), "x"]


@stable
@given(st.lists(st.tuples(texts, texts), max_size=5), st.integers(1, 80))
def test_no_line_is_wider_than_the_terminal_as_long_as_columns_can_be_read(
    rows: list[tuple[str, str]], width: int
) -> None:
    text = table(("a", "b"), rows, width=width, flexible=(0, 1))
    assert len(text.split("\n")) == len(rows) + 1
    assert max(map(cell_len, text.split("\n"))) <= max(width, 2 * NARROWEST + 4)


def test_a_cell_of_a_million_characters_is_cut_at_once() -> None:
    (_, row) = table(("a",), [("é" * 10**6,)], width=80, flexible=(0,)).splitlines()
    assert row == "é" * 79 + "…"


# ---- runs


def test_a_run_is_a_row_under_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qanat.domain.times.local", lambda moment: moment)
    (row,) = run_rows([line(1.0)])
    assert dict(zip(RUN_HEADERS, row, strict=True)) == {
        "🆔 ID": "4",
        "💬 Description": "first try",
        "📁 Path": "results/iris/run_4",
        "🖥 Runner": "local",
        "📆 Launch date": "2026-11-23T05:17:56+00:00",
        "⏱ Duration": "3:07",
        "🔍 Status": "🏁 finished",
        "🏷 Tags": "a, b",
        "⏳ Progress": "100 %",
    }


def test_a_run_that_has_not_started_has_its_launch_date_and_no_duration() -> None:
    (row,) = run_rows([line(started=None, ended=None, state="queued")])
    assert row[RUN_HEADERS.index("⏱ Duration")] == ""
    assert row[RUN_HEADERS.index("📆 Launch date")].startswith("2026-11-2")


def test_a_run_of_which_nobody_knows_when_it_ended_has_no_duration() -> None:
    lost, running = run_rows([line(ended=None, state="lost"), line(ended=None, state="running")])
    assert lost[RUN_HEADERS.index("⏱ Duration")] == ""
    assert running[RUN_HEADERS.index("⏱ Duration")] != ""


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_mark(state: State) -> None:
    (row,) = run_rows([line(state=state.value)])
    assert row[RUN_HEADERS.index("🔍 Status")] == f"{MARKS[state]} {state.value}"


def test_runs_that_share_a_number_are_listed_with_their_whole_ids() -> None:
    rows = run_rows([line(), line(uid="b81e02"), line(number=5)])
    assert [row[0] for row in rows] == ["4-7f3a9c", "4-b81e02", "5"]


def test_description_path_and_tags_give_way_on_a_narrow_terminal() -> None:
    assert [RUN_HEADERS[i] for i in RUN_FLEXIBLE] == ["💬 Description", "📁 Path", "🏷 Tags"]


@pytest.mark.parametrize(
    ("progress", "groups", "ended", "text"),
    [(None, 1, 0, ""), (0.0, 1, 0, "0 %"), (0.456, 1, 0, "46 %"), (None, 10, 3, "3/10"), (1.0, 10, 10, "10/10 100 %")],
)
def test_progress_is_groups_and_a_percentage(progress: float | None, groups: int, ended: int, text: str) -> None:
    assert progress_cell(line(progress, groups=groups, groups_ended=ended)) == text
