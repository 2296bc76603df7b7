"""Lists and menus to choose from, which leave nothing behind; with `prompts`, all that knows prompt_toolkit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from qanat.cli.terminal.output import brief
from qanat.cli.terminal.prompts import answer_to, need_terminal
from qanat.cli.terminal.selection import Row, Rows, Selection
from qanat.cli.terminal.tables import NARROWEST, cells, cut
from qanat.errors import QanatError

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyBindings

POINTER, NO_POINTER = " » ", "   "
# Rows left for what was printed last: a result or a refusal stays in sight above the list.
ROOM_ABOVE = 4
LEAST_ROWS = 3
ROW_MAX = 500
BOX_ROWS, BOX_TITLE = 3, "| preview |"
NO_MATCH = "   nothing matches"
MENU_KEYS = ("(↑ ↓ Enter; q or Esc: back)", "(q: back)")
LETTER_KEYS = ("(↑ ↓ Enter, or a key; q or Esc: back)", "(↑ ↓ Enter or a key; q: back)", "(q: back)")
TYPING_KEYS = ("(↑ ↓ Enter, or type to filter; q or Esc: back)", "(type to filter; q: back)", "(q: back)")
PAGE, FAR = 10, 10**9
MOVES = {"up": -1, "down": 1, "c-p": -1, "c-n": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -FAR, "end": FAR}


def menu(question: str, rows: Sequence[Row], *, option: str) -> str:
    """Ask for one of a few rows, by the cursor or their keys, and return its value; q and Escape abort."""
    return _ask(question, Selection(Rows(rows)), option, keys={row.key: row.value for row in rows if row.key})


def choose(question: str, rows: Rows | Selection, *, option: str) -> str:
    """Ask for one of many rows, and return its value; typing narrows them. Escape, and q as the first key, abort.

    A selection may have been narrowed before, and tells afterwards what was typed.
    """
    return _ask(question, rows if isinstance(rows, Selection) else Selection(rows), option, keys=None)


def _ask(question: str, selection: Selection, option: str, keys: Mapping[str, str] | None) -> str:
    """Show a list until it is answered; with keys, typing chooses instead of narrowing."""
    need_terminal(option, question)
    from prompt_toolkit.application import Application
    from prompt_toolkit.layout import Layout, Window
    from prompt_toolkit.layout.controls import FormattedTextControl

    instructions = TYPING_KEYS if keys is None else LETTER_KEYS if keys else MENU_KEYS
    drawing = Drawing(brief(question), selection, instructions, ROOM_ABOVE if keys is None else 0)

    def drawn() -> StyleAndTextTuples:
        size = application.output.get_size()
        lines = drawing.lines(size.columns, size.rows)
        return [*((style, f"{line}\n") for style, line in lines[:-1]), *lines[-1:]]

    window = Window(FormattedTextControl(drawn, show_cursor=False), dont_extend_height=True, always_hide_cursor=True)
    application: Application[str | None] = Application(
        layout=Layout(window), key_bindings=_bindings(selection, keys), erase_when_done=True
    )
    return str(answer_to(application, application.run))


def _bindings(selection: Selection, keys: Mapping[str, str] | None) -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()
    for key, by in MOVES.items():
        bindings.add(key)(lambda event, by=by: _change(event, partial(selection.move, by)))

    @bindings.add("enter")
    def _(event: Any) -> None:
        if not selection.is_empty:
            event.app.exit(result=selection.current.value)

    @bindings.add("escape", eager=True)
    def _(event: Any) -> None:
        if selection.typed:
            selection.erase(everything=True)
        else:
            event.app.exit(result=None)

    @bindings.add("c-c")
    @bindings.add("c-d")
    def _(event: Any) -> None:
        event.app.exit(result=None)

    if keys is None:
        _bind_typing(bindings, selection)
    else:
        for key, value in {"q": None, **keys}.items():
            bindings.add(key)(lambda event, value=value: event.app.exit(result=value))
    return bindings


def _bind_typing(bindings: KeyBindings, selection: Selection) -> None:
    from prompt_toolkit.keys import Keys

    @bindings.add(Keys.Any)
    def _(event: Any) -> None:
        if event.data == "q" and selection.is_untouched:
            event.app.exit(result=None)
        elif event.data.isprintable() and not (event.data == "/" and not selection.typed):
            _change(event, partial(selection.type, event.data))

    @bindings.add(Keys.BracketedPaste)
    def _(event: Any) -> None:
        _change(event, partial(selection.type, " ".join(event.data.split())))

    bindings.add("backspace")(lambda _: selection.erase())
    bindings.add("c-u")(lambda _: selection.erase(everything=True))


def _change(event: Any, change: Callable[[], None]) -> None:
    """Change the selection; an error, as in loading more rows, ends the list, and is raised where it was asked for."""
    try:
        change()
    except QanatError as error:
        event.app.exit(exception=error)


class Drawing:
    """The lines of a list: question, headings, rows, and a box with the preview of the row under the cursor."""

    def __init__(self, question: str, selection: Selection, instructions: Sequence[str], room_above: int) -> None:
        self._question = question
        self._selection = selection
        self._instructions = instructions
        self._room_above = room_above

    def lines(self, columns: int, rows: int) -> list[tuple[str, str]]:
        """Return (style, line) pairs for a terminal of this size."""
        headings = [("", NO_POINTER + self._selection.heading)] if self._selection.heading else []
        fixed = 1 + len(headings) + BOX_ROWS * self._selection.has_previews
        shown = self._selection.visible(max(LEAST_ROWS, rows - fixed - self._room_above))
        body = [("bold" if chosen else "", _row_line(chosen, row)) for chosen, row in shown]
        above = [("bold", self._question_line(columns)), *headings]
        lines = [(style, cut(line, columns)) for style, line in (*above, *(body or [("", NO_MATCH)]))]
        return lines + [("", line) for line in self._box(columns)]

    def _question_line(self, columns: int) -> str:
        """Return the question with what was typed, or with the keys as far as there is room for them."""
        if self._selection.typed:
            keys = "Esc: show all; q: back" if self._selection.is_untouched else "Esc: show all"
            return f"? {self._question} {brief(self._selection.typed)}▏ ({self._selection.count}; {keys})"
        question = f"? {self._question}"
        keys = next((k for k in self._instructions if cells(f"{question} {k}") <= columns), self._instructions[-1])
        return f"{cut(question, max(NARROWEST, columns - 1 - cells(keys)))} {keys}"

    def _box(self, columns: int) -> list[str]:
        if not self._selection.has_previews:
            return []
        text = "" if self._selection.is_empty else brief(self._selection.current.preview, ROW_MAX)
        inner = max(len(BOX_TITLE), columns - 2)
        shown = cut(text, inner)
        return [f"┌{BOX_TITLE:─^{inner}}┐", f"│{shown}{' ' * (inner - cells(shown))}│", f"└{'─' * inner}┘"]


def _row_line(chosen: bool, row: Row) -> str:
    return (POINTER if chosen else NO_POINTER) + brief(row.title, ROW_MAX)
