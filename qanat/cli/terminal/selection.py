"""Rows to choose from, narrowed by what the user types: what a picker shows, without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its title, the value that stands for it, a preview, and the text that what is typed is compared with.

    While something is typed, rows without such a text are hidden, and those that begin like it come first.
    Pressing `key` chooses the row.
    """

    title: str
    value: str
    preview: str = ""
    text: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list, the headings above them, and how many there would be if all were loaded."""

    rows: Sequence[Row]
    heading: str = ""
    total: int = 0
    start: int = 0
    load_all: Callable[[], Rows] | None = None
    beyond: Callable[[str], Row] | None = None
    """The row to offer last for a typed text, to look for it elsewhere than in the rows."""


class Selection:
    """The rows that match what was typed, one of which is under the cursor.

    It begins with a text that was `typed` before, and then with the cursor at the row with this `value`, if it matches.
    """

    def __init__(self, rows: Rows, *, typed: str = "", value: str = "") -> None:
        self.typed = self._before = typed
        self._rows = rows
        self._shown: Sequence[Row] = rows.rows
        self._cursor = rows.start
        self._top = 0
        if typed:
            self._load_all()
            self._narrow(typed)
            self._cursor = next((place for place, row in enumerate(self._shown) if row.value == value), 0)

    @property
    def heading(self) -> str:
        """The headings of the columns."""
        return self._rows.heading

    @property
    def current(self) -> Row:
        """The row under the cursor."""
        return self._shown[self._cursor]

    @property
    def is_untouched(self) -> bool:
        """Whether nothing is typed but what was typed before."""
        return self.typed in ("", self._before)

    @property
    def has_previews(self) -> bool:
        """Whether the first row has a preview; then all have."""
        return bool(self._rows.rows and self._rows.rows[0].preview)

    @property
    def is_empty(self) -> bool:
        """Whether no row matches."""
        return not self._shown

    @property
    def count(self) -> str:
        """How many rows match, of how many."""
        candidates = sum(bool(row.text) for row in self._rows.rows)
        matching = sum(bool(row.text) for row in self._shown)
        return f"{matching:,} of {max(candidates, self._rows.total):,}"

    def visible(self, height: int) -> list[tuple[bool, Row]]:
        """Return the rows that fit this height, the one under the cursor among them, which is marked True."""
        self._top = max(min(self._top, self._cursor), self._cursor - height + 1)
        self._top = max(0, min(self._top, len(self._shown) - height))
        rows = self._shown[self._top : self._top + height]
        return [(place == self._cursor, row) for place, row in enumerate(rows, self._top)]

    def move(self, by: int) -> None:
        """Move the cursor by one row, around both ends, or by several, up to an end."""
        if not self._shown:
            return
        place = self._cursor + by
        if place >= len(self._shown) or place < 0:
            self._load_all()
        last = len(self._shown) - 1
        if abs(by) == 1:
            self._cursor = place % len(self._shown)
        else:
            self._cursor = max(0, min(place, last))

    def type(self, text: str) -> None:
        """Add to what was typed."""
        self._load_all()
        self._narrow(self.typed + text)

    def erase(self, *, everything: bool = False) -> None:
        """Take back the last character that was typed, or everything."""
        self._narrow("" if everything else self.typed[:-1])

    def _load_all(self) -> None:
        if self._rows.load_all is not None:
            self._rows = self._rows.load_all()
            self._shown = self._rows.rows

    def _narrow(self, typed: str) -> None:
        self.typed = typed
        words = typed.lower().split()
        if not words:
            self._shown, self._cursor = self._rows.rows, self._rows.start
            return
        found = [row for row in self._rows.rows if row.text and all(word in row.text for word in words)]
        # A number that is typed means that run or group before those that have it somewhere else.
        found.sort(key=lambda row: not row.text.startswith(f"{words[0]} "))
        self._shown = [*found, self._rows.beyond(typed.strip())] if self._rows.beyond else found
        self._cursor = 0
