"""The lines of a list, at the sizes of terminals."""

from __future__ import annotations

import pytest

from qanat.cli.terminal.picker import LETTER_KEYS, TYPING_KEYS, Drawing
from qanat.cli.terminal.selection import Row, Rows, Selection
from qanat.cli.terminal.tables import cells

WIDE = "日本語の説明 🚀 " * 40
ROWS = [Row(f"{n} {WIDE}", str(n), f"{WIDE}\x1b[2J\n{n}", text=f"{n}") for n in range(20_000)]


def drawn(selection: Selection, columns: int, rows: int, question: str = "Which run?", above: int = 4) -> list[str]:
    """List the lines of a list."""
    return [line for _, line in Drawing(question, selection, TYPING_KEYS, above).lines(columns, rows)]


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (80, 24), (200, 50)])
def test_a_list_leaves_room_for_what_was_printed_above_it(columns: int, rows: int) -> None:
    selection = Selection(Rows(ROWS, heading="ID  Description " + WIDE))
    lines = drawn(selection, columns, rows)
    assert len(lines) <= max(rows - 4, 8)
    assert max(map(cells, lines)) <= columns
    assert lines[0].startswith("? Which run? (")
    assert lines[1].startswith("   ID  Description")
    assert lines[2].startswith(" » 0 日本語")
    assert lines[-3].strip("┌─┐") == "| preview |"
    assert "\x1b" not in "".join(lines)
    selection.type("19999")
    lines = drawn(selection, columns, rows)
    assert lines[0].startswith("? Which run? 19999▏ (1 of 20,000")
    assert lines[2].startswith(" » 19999 ")
    selection.type("x")
    assert drawn(selection, columns, rows)[2] == "   nothing matches"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (100, "? Run 1 of experiment train - Explore menu (↑ ↓ Enter, or a key; q or Esc: back)"),
        (79, "? Run 1 of experiment train - Explore menu (↑ ↓ Enter or a key; q: back)"),
        (60, "? Run 1 of experiment train - Explore menu (q: back)"),
        (30, "? Run 1 of experime… (q: back)"),
    ],
)
def test_the_keys_are_named_as_far_as_there_is_room(columns: int, line: str) -> None:
    drawing = Drawing("Run 1 of experiment train - Explore menu", Selection(Rows([Row("a", "a")])), LETTER_KEYS, 0)
    assert drawing.lines(columns, 24)[0][1] == line
