"""JSON lines as a series."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from qanat.domain import alike_lines, metrics
from qanat.domain.json_text import NAMES
from qanat.domain.series import STEP, Parser, Points, is_step, split_lines

_NUMBERS = frozenset({int, float})


class JsonLines(Parser):
    """Parses JSON lines: a mapping on each, whose nested names are joined by `.` as in other files of metrics."""

    def parse(self, data: bytes) -> list[Points]:
        """Return the points of the next whole lines of the file, each name once."""
        first = self.lines + 1
        count = data.count(b"\n")
        if points := self._of_alike_lines(data, count, first):
            self.lines += count
            return points
        if rows := _rows_at_once(data, count):
            self.lines += len(rows)
            return self._at_once(rows, first) or self._collected(enumerate(rows, first))
        lines = split_lines(data)
        self.lines += len(lines)
        return self._collected(self._rows(lines, first))

    def parse_end(self, data: bytes) -> list[Points]:
        """Return the points of a last line without a line break, unless it is cut short."""
        before = self.broken, self.first_broken
        found = self.parse(data)
        if self.broken > before[0]:
            (self.broken, self.first_broken), self.is_cut = before, True
        return found

    def _rows(self, lines: Iterable[bytes], first: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(lines, first):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                yield number, row
            else:
                self._break(number)

    def _of_alike_lines(self, data: bytes, count: int, first: int) -> list[Points]:
        """Return the points of lines that differ only in their numbers; nothing for others."""
        try:
            columns = alike_lines.columns(data, count) if data.endswith(b"\n") else None
            return _unique(self._points(columns, first)) if columns else []
        except OverflowError:
            return []

    def _at_once(self, rows: Sequence[dict[str, Any]], first: int) -> list[Points]:
        """Return the points of rows of one kind or several, as of training and of tests; nothing for others."""
        try:
            kinds = [columns] if (columns := _columns(rows)) else [*map(_columns, _kinds(rows))]
            if not all(kinds) or (len(kinds) > 1 and any(STEP not in columns for columns in kinds)):
                return []
            points = [point for columns in kinds for point in self._points(columns, first)]
        except OverflowError:
            return []
        return _unique(points)

    def _points(self, columns: dict[str, Sequence[float]], first: int) -> list[Points]:
        """Return the points of columns. Raises OverflowError for an infinite step."""
        count = len(next(iter(columns.values())))
        steps = columns.pop(STEP, None) or [*map(float, range(first, first + count))]
        if not math.isfinite(sum(steps)) and not all(map(math.isfinite, steps)):  # the sum takes less time
            raise OverflowError("a step is not finite")
        shown = ((self._name(name), column) for name, column in columns.items())
        return [Points(name, steps, column) for name, column in shown if name is not None]

    def _collected(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> list[Points]:
        found: dict[str, tuple[list[float], list[float]]] = {}
        for line, row in rows:
            step = _number(row.get(STEP, line))
            if not is_step(step):
                self._break(line)
                continue
            for name, content in metrics.leaves(row):
                if name == STEP or content is None:
                    continue
                if name is None:
                    self.has_long_names = True
                    continue
                value = _number(content)
                if value is None:
                    self._leave_out(name, self.not_numbers)
                elif (shown := self._name(name)) is not None:
                    steps, values = found.setdefault(shown, ([], []))
                    steps.append(step)
                    values.append(value)
        return [Points(name, *columns) for name, columns in found.items()]


def _unique(points: list[Points]) -> list[Points]:
    """Return points if each has another name; otherwise, the order of lines matters."""
    return points if len({one.name for one in points}) == len(points) else []


def _rows_at_once(data: bytes, count: int) -> list[dict[str, Any]]:
    """Return the mappings of count lines, in half the time that reading each needs; nothing if one is unusual.

    No two broken lines must make up a whole one. As no text in JSON contains a line break, and each line begins with
    `{` and ends with `}`, they could only do so inside of a list, so there is none, or no further brace.
    """
    if not (data.startswith(b"{") and data.endswith(b"}\n") and data.count(b"}\n{") == count - 1):
        return []
    if b"[" in data and not data.count(b"{") == data.count(b"}") == count:
        return []
    try:
        rows: list[dict[str, Any]] = json.loads(b"[" + data[:-1].replace(b"\n", b",\n") + b"]")
    except (ValueError, RecursionError):
        return []
    return rows if len(rows) == count else []


def _kinds(rows: Iterable[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    """Return rows by their names."""
    kinds: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(tuple(row), []).append(row)
    return kinds.values()


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, Sequence[float]]:
    """Return the numbers of rows by name, nested names joined by `.`; nothing if rows differ, or have other values.

    Raises OverflowError for a number that no float holds.
    """
    found: dict[str, Sequence[float]] = {}
    try:
        return found if _add_columns("", rows, found) else {}
    except RecursionError:
        return {}


def _add_columns(prefix: str, rows: Sequence[dict[str, Any]], found: dict[str, Sequence[float]]) -> bool:
    """Add the numbers of rows by name; return whether these are all their values, and no name is long or repeated."""
    names = [*rows[0]]
    # So each row has these names in this order: no row has a name twice.
    if [*chain.from_iterable(rows)] != names * len(rows):
        return False
    for inner in names:
        if len(prefix) + len(inner) > metrics.NAME_MAX:
            return False
        name, column = f"{prefix}{inner}", [*map(itemgetter(inner), rows)]
        if _NUMBERS.issuperset(types := set(map(type, column))) and name not in found:
            found[name] = column if types == {float} else [*map(float, column)]
        elif types != {dict} or name == STEP or not _add_columns(f"{name}.", column, found):
            return False
    return True


def _number(content: Any) -> float | None:
    """Return a value of JSON as a number; None if it is none."""
    if type(content) is str:
        return NAMES.get(content)
    if type(content) not in _NUMBERS:
        return None
    return float(metrics.bounded(content))
