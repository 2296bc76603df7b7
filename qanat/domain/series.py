"""Series: numbers that a program writes again and again, a line for each step, as JSON lines or as CSV.

The `step` of a line is the x of its numbers; without one, it is the number of the line, from 1 and without the header.
Steps may repeat or go back, as after the restart of a preempted job: of the values of one step, the later counts.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, AnyStr, NamedTuple, TypeGuard

from qanat.domain import metric_problems, metrics
from qanat.domain.json_text import NAMES

STEP = "step"


class Points(NamedTuple):
    """Numbers of one name in the order of their lines, each with its step."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]


class Parser:
    """Turns the lines of a file into points, and remembers what it left out.

    `lines` counts them, without a header, and `broken` those that could not be read; `first_broken` is the number of
    the first of these in the file, from 1. `not_numbers` are names of other values, `unusable` those that no record can
    hold. With `keys`, only these names are read, and in any case not more than a record may have.
    """

    header_lines = 0

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = frozenset(keys)
        self._shown: dict[str, str] = {}
        self._others: dict[str, None] = {}
        self.lines = 0
        self.broken = 0
        self.first_broken = 0
        self.is_cut = False
        self.not_numbers: dict[str, None] = {}
        self.unusable: dict[str, None] = {}
        self.has_too_many_names = False
        self.has_long_names = False

    def parse(self, data: bytes) -> list[Points]:
        """Return the points of the next whole lines of the file, each name once."""
        raise NotImplementedError

    def parse_end(self, data: bytes) -> list[Points]:
        """Return the points of a last line without a line break; most are cut short, since a program was killed."""
        self.is_cut = True
        return []

    def left_out(self) -> list[str]:
        """List what was left out, as predicates of the file."""
        found = []
        if self.broken == 1:
            found.append(f"line {self.first_broken:,} is broken, and was left out")
        elif self.broken:
            found.append(
                f"{self.broken:,} lines are broken, and were left out; the first is line {self.first_broken:,}"
            )
        if self.is_cut:
            found.append("the last line is incomplete, and was left out")
        kinds = ([*self.not_numbers],), ([*self.unusable], *metric_problems.UNUSABLE)
        found += filter(None, (metric_problems.not_numbers(*kind) for kind in kinds))
        if self.has_too_many_names:
            found.append(f"has more than {metrics.METRICS_MAX:,} names, and the others were left out")
        if self.has_long_names:
            found.append(metrics.LONG_NAMES)
        return found

    def names(self) -> list[str]:
        """List the names in the file, also of what is not to be read; not more than a record may have of each."""
        return [*self._shown.values(), *self._others]

    def skip(self) -> None:
        """Count a line that is too long as broken."""
        self.lines += 1
        self._break(self.lines)

    def _break(self, *lines: int) -> None:
        for line in lines:
            self.broken += 1
            self.first_broken = self.first_broken or line + self.header_lines

    def _name(self, name: str) -> str | None:
        """Return a name as it is shown; None if it is not to be read."""
        if (shown := self._shown.get(name)) is not None:
            return shown
        if len(name) > metrics.NAME_MAX:
            self.has_long_names = True
            return None
        if self._keys and name not in self._keys:
            if len(self._others) < metrics.METRICS_MAX:
                self._others[name] = None
            return None
        if len(self._shown) == metrics.METRICS_MAX:
            self.has_too_many_names = True
            return None
        try:
            return self._shown.setdefault(name, metrics.shown(name))
        except ValueError:
            self._leave_out(name, self.unusable)
            return None

    def _leave_out(self, name: str, why: dict[str, None]) -> None:
        if len(why) <= metrics.METRICS_MAX and (not self._keys or name in self._keys):
            why[name] = None


class JsonLines(Parser):
    """Parses JSON lines: a mapping on each, whose nested names are joined by `.` as in other files of metrics."""

    def parse(self, data: bytes) -> list[Points]:
        """Return the points of the next whole lines of the file, each name once."""
        first = self.lines + 1
        if rows := _rows_at_once(data):
            self.lines += len(rows)
            found = self._at_once(rows, first)
            return self._collected(enumerate(rows, first)) if found is None else found
        lines = _split(data)
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

    def _at_once(self, rows: Sequence[dict[str, Any]], first: int) -> list[Points] | None:
        """Return the points of rows of one kind or several, such as those of training and of tests; None for others."""
        try:
            kinds = [columns] if (columns := _columns(rows)) else [*map(_columns, _kinds(rows))]
            if not all(kinds) or (len(kinds) > 1 and any(STEP not in columns for columns in kinds)):
                return None
            points = [point for columns in kinds for point in self._points(columns, first)]
        except OverflowError:
            return None
        is_unique = len({one.name for one in points}) == len(points)
        return points if is_unique else None  # otherwise, the order of lines matters

    def _points(self, columns: dict[str, Sequence[float]], first: int) -> list[Points]:
        """Return the points of columns. Raises OverflowError for an infinite step."""
        count = len(next(iter(columns.values())))
        steps = columns.pop(STEP, None) or [*map(float, range(first, first + count))]
        if not all(map(math.isfinite, steps)):
            raise OverflowError("a step is not finite")
        shown = ((self._name(name), column) for name, column in columns.items())
        return [Points(name, steps, column) for name, column in shown if name is not None]

    def _collected(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> list[Points]:
        found: dict[str, tuple[list[float], list[float]]] = {}
        for line, row in rows:
            step = _number(row.get(STEP, line))
            if not _is_step(step):
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
        lines = _split(data.decode("utf-8", "replace"))
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
        kept = [(step, cells) for step, (_, cells) in zip(steps, rows, strict=True) if _is_step(step)]
        if len(kept) < len(rows):
            self._break(*(number for step, (number, _) in zip(steps, rows, strict=True) if not _is_step(step)))
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


_NUMBERS = frozenset({int, float})


def _rows_at_once(data: bytes) -> list[dict[str, Any]]:
    """Return the mappings of lines, in half the time that reading each needs; nothing if a line is unusual or broken.

    No two broken lines must make up a whole one. As no text in JSON contains a line break, and each line begins with
    `{` and ends with `}`, they could only do so inside of a list, so there is none, or no further brace.
    """
    count = data.count(b"\n")
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


def _split(data: AnyStr) -> list[AnyStr]:
    """Return the lines of a text; `splitlines` would break them at other characters, too."""
    lines = data.split("\n" if isinstance(data, str) else b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


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


def _is_step(step: float | None) -> TypeGuard[float]:
    return step is not None and math.isfinite(step)


def _number(content: Any) -> float | None:
    """Return a value of JSON as a number; None if it is none."""
    if type(content) is str:
        return NAMES.get(content)
    if type(content) not in _NUMBERS:
        return None
    return float(metrics.bounded(content))
