"""Tables: columns that line up, whatever their cells contain and however narrow the terminal is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from qanat.cli.terminal.output import clean
from qanat.cli.terminal.tables import NARROWEST, Heading, cut, fit, table, wrapped
from tests.support.strategies import stable, texts

# Three columns that may be left out from the last to the first, two of which may be cut.
HEADINGS = (Heading("ID", 0), Heading("Path", 2, 8, cut_start=True), Heading("Description", 1, 16))


def lines_of(*rows: tuple[str, ...], width: int | None = None, headings: tuple[Heading, ...] = HEADINGS) -> list[str]:
    """Lay out rows and return the lines below the headings."""
    return list(fit(headings, rows, width).lines[1:])


# ---- what fits


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("Name", "Path"), [("iris", "data/iris"), ("wine and more", "d")]) == (
        "Name             Path\niris             data/iris\nwine and more    d"
    )


def test_wide_characters_take_two_columns() -> None:
    text = table(("a", "b"), [("日本", "x"), ("🏁", "x"), ("é", "x")])
    assert text.splitlines() == ["a       b", "日本    x", "🏁      x", "é       x"]


def test_a_column_without_values_is_left_out_and_so_is_a_table_without_rows() -> None:
    assert table(("Name", "Tags", "Path"), [("iris", "", "d"), ("wine", "", "")]) == "Name    Path\niris    d\nwine"
    assert table(("Name", "Path"), []) == ""
    assert fit(HEADINGS, [], 80).lines == ()
    assert fit(HEADINGS, [("", "", "")], 80).lines == ()


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "a\nb", "\r", "\u202eabc", "[bold]x[/bold]", "[/]", "{x}"])
def test_cells_are_shown_as_they_are_and_on_one_line(text: str) -> None:
    lines = table(("a", "b"), [(text, "x")]).splitlines()
    assert lines[1].split("    ") == [clean(text), "x"]


def test_a_table_that_fits_exactly_is_not_changed() -> None:
    (line,) = lines_of(("4", "results/4", "a description"), width=32)
    assert line == "4     results/4    a description"
    assert len(line) == 32


# ---- what does not


def test_columns_stand_closer_before_anything_is_cut() -> None:
    fitted = fit(HEADINGS, [("4", "results/4", "a description")], 28)
    assert fitted.lines == ("ID  Path       Description", "4   results/4  a description")
    assert (fitted.left_out, fitted.note) == ((), "")


def test_the_widest_column_is_cut_and_of_two_the_less_important_one() -> None:
    assert lines_of(("4", "a/long/path/to/run_4", "a description as long as can be"), width=48) == [
        "4   a/long/path/to/run_4  a description as long…"
    ]
    assert lines_of(("4", "a/long/path/to/run_4", "a description as long as can be"), width=44) == [
        "4   …long/path/to/run_4  a description as l…"
    ]


def test_a_column_is_left_out_before_one_that_matters_more_is_cut_below_its_least() -> None:
    row = ("4", "a/long/path/to/run_4", "a description as long as can be")
    assert lines_of(row, width=30) == ["4   …o/run_4  a description a…"]
    assert lines_of(row, width=29) == ["4   a description as long as…"]
    assert fit(HEADINGS, [row], 29).left_out == ("Path",)
    assert fit(HEADINGS, [row], 29).note == "… not shown at this width: Path"


def test_the_last_column_that_stays_may_be_cut_further_but_not_below_its_heading() -> None:
    row = ("4", "a/long/path/to/run_4", "a description as long as can be")
    assert lines_of(row, width=15) == ["4   a descript…"]
    assert lines_of(row, width=14) == ["4"]
    assert fit(HEADINGS, [row], 14).left_out == ("Path", "Description")


def test_what_is_cut_at_its_start_is_left_out_rather_than_cut_further() -> None:
    headings = (Heading("ID", 0), Heading("Path", 1, 8, cut_start=True))
    assert lines_of(("4", "a/long/path/to/run_4"), width=12, headings=headings) == ["4   …o/run_4"]
    assert lines_of(("4", "a/long/path/to/run_4"), width=11, headings=headings) == ["4"]


def test_a_column_that_may_not_be_cut_is_whole_or_left_out_and_all_after_it_too() -> None:
    headings = (Heading("ID", 0), Heading("loss", 1), Heading("x", 2))
    assert lines_of(("4", "0.123456 *", "y"), width=17, headings=headings) == ["4   0.123456 *  y"]
    assert lines_of(("4", "0.123456 *", "y"), width=16, headings=headings) == ["4   0.123456 *"]
    assert lines_of(("4", "0.123456 *", "y"), width=13, headings=headings) == ["4"]


def test_the_most_important_column_is_always_there() -> None:
    assert lines_of(("1234567", "x", "y"), width=3) == ["12…"]


@pytest.mark.parametrize(
    ("text", "width", "cut_text"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("🏁🏁", 1, "…"),
    ],
)
def test_a_text_is_cut_to_the_columns_that_it_takes(text: str, width: int, cut_text: str) -> None:
    assert cut(text, width) == cut_text


def test_wide_characters_are_cut_from_the_start_too() -> None:
    headings = (Heading("Path", 0, 8, cut_start=True), Heading("b", 1))
    assert lines_of(("results/日本語の結果", "x"), width=12, headings=headings) == ["…語の結果  x"]
    assert lines_of(("results/日本語の結果", "x"), width=13, headings=headings) == ["…語の結果   x"]


# ---- plain tables, some of whose columns are flexible


def test_flexible_columns_are_cut_where_the_terminal_ends() -> None:
    rows = [("4", "a description of forty characters, or so", "finished")]
    lines = table(("ID", "Description", "State"), rows, width=40, flexible=(1,)).splitlines()
    assert lines == [f"ID  Description{' ' * 17}State", "4   a description of forty ch…  finished"]


def test_flexible_columns_are_left_out_first_the_last_of_them_before_the_others() -> None:
    rows = [("x" * 30, "y" * 10, "z" * 30)]
    narrowest = 2 * NARROWEST + 10 + 2 * len("  ")
    lines = table(("a", "b", "c"), rows, width=narrowest, flexible=(0, 2)).splitlines()
    assert lines[1] == f"{'x' * (NARROWEST - 1)}…  {'y' * 10}  {'z' * (NARROWEST - 1)}…"
    assert table(("a", "b", "c"), rows, width=narrowest - 1, flexible=(0, 2)).splitlines()[1] == (
        f"{'x' * 16}…  {'y' * 10}"
    )
    assert table(("a", "b", "c"), rows, width=narrowest - 1, flexible=(2, 0)).splitlines()[1] == (
        f"{'y' * 10}  {'z' * 16}…"
    )
    assert table(("a", "b", "c"), rows, width=10, flexible=(0, 2)).splitlines() == ["b", "y" * 10]


@stable
@given(st.lists(st.tuples(texts, texts, texts), max_size=5), st.integers(1, 80))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str, str]], width: int) -> None:
    fitted = fit(HEADINGS, rows, width)
    assert len(fitted.lines) in (0, len(rows) + 1)
    assert max(map(cell_len, fitted.lines), default=0) <= width


def test_a_cell_of_a_million_characters_is_cut_at_once() -> None:
    (_, row) = table(("a",), [("é" * 10**6,)], width=80, flexible=(0,)).splitlines()
    assert row == "é" * 79 + "…"


@pytest.mark.parametrize(("width", "name"), [(60, 20), (90, 30)])
def test_a_single_long_name_leaves_room_for_the_other_columns(width: int, name: int) -> None:
    rows = [("n" * 100, "d" * 100, "t" * 100), ("short", "also", "here")]
    lines = table(("Name", "Description", "Tags"), rows, width=width, flexible=(1, 2)).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [len(cell) >= least for cell, least in zip(lines[1].split(), (name, 11, 8), strict=True)] == [True] * 3
    assert lines[2].split() == ["short", "also", "here"]


def test_a_list_breaks_between_its_items_only_and_not_at_all_without_a_terminal() -> None:
    options = ["--lr LR", "--sleep SLEEP", "--nothing-that-fits HERE", "--x"]
    assert wrapped("Options:", options, None) == "Options: --lr LR, --sleep SLEEP, --nothing-that-fits HERE, --x"
    assert wrapped("Options:", options, 24).splitlines() == [
        "Options: --lr LR,",
        "  --sleep SLEEP,",
        "  --nothing-that-fits HERE,",
        "  --x",
    ]
    assert wrapped("Options:", options, 32).splitlines()[0] == "Options: --lr LR, --sleep SLEEP,"
