"""A few rows of many: the last ones, or some that stand for all."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from qanat.domain.series_rows import AlikeRows, Row


class FewRows(Protocol):
    """Takes rows, block by block, and keeps a few."""

    def extend(self, rows: Sequence[Row]) -> None:
        """Add the next rows."""

    def rows(self) -> Sequence[Row]:
        """Return the rows that were kept."""


class LastRows:
    """The last rows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: deque[Row] = deque(maxlen=most)

    def extend(self, rows: Sequence[Row]) -> None:
        """Add the next rows."""
        self._rows.extend(rows[-self._most :])

    def rows(self) -> Sequence[Row]:
        """Return the last rows."""
        return [*self._rows]


class Thinned:
    """A few rows in place of many, in little memory: each has the newest values of `each` rows, and their last step.

    There are at most twice `most`, besides the first row, which is kept as it is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: Row | None = None
        self._kept: list[Row] = []
        self._open: Row | None = None
        self.count = 0
        self.each = 1

    def add(self, row: Row) -> None:
        """Add the next row."""
        self.count += 1
        if self._first is None:
            self._first = row
            return
        self._open = _newest(self._open, row) if self._open else row
        if (self.count - 1) % self.each == 0:
            self._kept.append(self._open)
            self._open = None
            if len(self._kept) == 2 * self._most:
                pairs = zip(self._kept[::2], self._kept[1::2], strict=True)
                self._kept, self.each = [_newest(*pair) for pair in pairs], 2 * self.each

    def extend(self, rows: Sequence[Row]) -> None:
        """Add the next rows."""
        place = 0
        while place < len(rows):
            # The row that is kept has newer values of all names than those before it.
            skipped = min(-self.count % self.each, len(rows) - place - 1) if isinstance(rows, AlikeRows) else 0
            self.count += skipped
            self.add(rows[place + skipped])
            place += skipped + 1

    def rows(self) -> list[Row]:
        """Return the rows that stand for all those that were added."""
        return [row for row in (self._first, *self._kept, self._open) if row is not None]


def _newest(before: Row, after: Row) -> Row:
    return Row(after.step, {**before.values, **after.values})
