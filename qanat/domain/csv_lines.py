"""CSV as a series."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from qanat.domain.series import STEP, Parser, Points, is_step, split_lines


class CsvLines(Parser):
    """Parses CSV: names in the first line, numbers below them; an empty cell is not a number.

    No cell has a line break in it, so that a line that was cut short spoils no other.
    """

    header_lines = 1

    def __init__(self, keys: Sequence[str] = ()) -> None:
        super().__init__(keys)
        self._header: list[str] = []

    def parse(self, data: bytes) -> list[Points]:
        """Return the points of the next whole lines of the file, each name once."""
        lines = split_lines(data.decode("utf-8", "replace"))
        if not self._header:
            self._header = names_in_header(lines.pop(0)) or [""]
        rows = self._with_steps(self._rows(lines))
        steps, columns = [step for step, _ in rows], zip(*(cells for _, cells in rows), strict=True)
        found = {}
        for name, column in zip(self._header, columns, strict=False):
            if name not in ("", STEP) and (shown := self._name(name)) is not None:
                found[shown] = self._points(shown, name, steps, column)
        return [points for points in found.values() if points.values]

    def _rows(self, lines: Sequence[str]) -> Sequence[tuple[int, Sequence[str]]]:
        """Return the cells of lines with the numbers of these, from 1 and without the header."""
        first = self.lines + 1
        self.lines += len(lines)
        rows = [(number, _cells(line)) for number, line in enumerate(lines, first) if line and not line.isspace()]
        count = len(self._header)
        if any(len(cells) != count for _, cells in rows):
            self._break(*(number for number, cells in rows if len(cells) != count))
            return [row for row in rows if len(row[1]) == count]
        return rows

    def _with_steps(self, rows: Sequence[tuple[int, Sequence[str]]]) -> Sequence[tuple[float, Sequence[str]]]:
        if STEP not in self._header:
            return rows
        place = self._header.index(STEP)
        steps = [_float(cells[place]) for _, cells in rows]
        kept = [(step, cells) for step, (_, cells) in zip(steps, rows, strict=True) if is_step(step)]
        if len(kept) < len(rows):
            self._break(*(number for step, (number, _) in zip(steps, rows, strict=True) if not is_step(step)))
        return kept

    def _points(self, shown: str, name: str, steps: Sequence[float], cells: Sequence[str]) -> Points:
        try:
            return Points(shown, steps, [*map(float, cells)])
        except ValueError:
            values = [_float(cell) for cell in cells]
        pairs = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
        if len(pairs) < sum(bool(cell.strip()) for cell in cells):
            self._leave_out(name, self.not_numbers)
        return Points(shown, [step for step, _ in pairs], [value for _, value in pairs])


def names_in_header(line: str) -> list[str]:
    """Return the names in the first line of CSV; none if its quotes are not closed."""
    return [name.strip() for name in _cells(line.removeprefix("\ufeff"))]


def _cells(line: str) -> list[str]:
    """Return the cells of a line; none if its quotes are not closed."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return []


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
