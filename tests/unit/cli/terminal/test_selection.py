"""Choosing from a list: what is shown of it, and how typing narrows it."""

from __future__ import annotations

import pytest

from qanat.cli.terminal.selection import Row, Rows, Selection

ACTION = Row("Add a filter", "add", "Narrow the list")
RUNS = [Row(f"run {n}", str(n), f"lr=0.{n}", text=f"{n} run lr=0.{n} train") for n in range(300, 0, -1)]
ROWS = Rows([ACTION, *RUNS, Row("Leave", "leave", "To the shell")], start=1)


def titles(selection: Selection, height: int = 5) -> list[str]:
    """List the visible rows, that under the cursor with a mark."""
    return [f"> {row.title}" if chosen else row.title for chosen, row in selection.visible(height)]


def test_the_cursor_is_always_among_the_rows_that_fit() -> None:
    selection = Selection(ROWS)
    assert titles(selection) == ["Add a filter", "> run 300", "run 299", "run 298", "run 297"]
    for by, shown in (
        (10, ["run 294", "run 293", "run 292", "run 291", "> run 290"]),
        (-1, ["run 294", "run 293", "run 292", "> run 291", "run 290"]),
        (10**9, ["run 4", "run 3", "run 2", "run 1", "> Leave"]),
        (1, ["> Add a filter", "run 300", "run 299", "run 298", "run 297"]),
        (-1, ["run 4", "run 3", "run 2", "run 1", "> Leave"]),
        (-(10**9), ["> Add a filter", "run 300", "run 299", "run 298", "run 297"]),
    ):
        selection.move(by)
        assert titles(selection) == shown
    assert titles(selection, 500)[-2:] == ["run 1", "Leave"]


def test_typed_words_narrow_the_rows_and_a_number_means_that_run_first() -> None:
    selection = Selection(ROWS)
    selection.type("LR=0.29")
    assert (selection.count, titles(selection, 3)) == ("11 of 300", ["> run 299", "run 298", "run 297"])
    selection.type(" 9")
    assert titles(selection)[0] == "> run 299"
    selection.erase(everything=True)
    assert titles(selection, 2) == ["Add a filter", "> run 300"]
    selection.type("17")
    assert titles(selection, 3) == ["> run 17", "run 217", "run 179"]
    selection.erase()
    assert (selection.typed, selection.count) == ("1", "138 of 300")


@pytest.mark.parametrize("typed", ["nothing", "add", "leave"])
def test_where_nothing_matches_there_is_nothing_to_choose_or_only_what_lies_beyond(typed: str) -> None:
    selection = Selection(ROWS)
    selection.type(typed)
    selection.move(1)
    assert selection.is_empty
    assert titles(selection) == []
    searching = Selection(Rows(ROWS.rows, beyond=lambda text: Row(f"Search for {text}", f"search:{text}")))
    searching.type(f" {typed} ")
    assert searching.current.value == f"search:{typed}"


def test_the_other_rows_are_loaded_once_when_they_are_asked_for() -> None:
    loads = []

    def load() -> Rows:
        loads.append(1)
        return ROWS

    first = Rows(ROWS.rows[:20], heading="few", total=300, start=1, load_all=load)
    for change in (lambda s: s.type("lr=0.1 "), lambda s: s.move(-1) or s.move(-1), lambda s: s.move(10**9)):
        selection = Selection(first)
        selection.move(5)
        selection.move(-5)
        assert loads == []
        change(selection)  # type: ignore[no-untyped-call]
        assert loads == [1]
        selection.type("1")
        selection.move(10**9)
        assert selection.count.endswith("of 300")
        loads.clear()
