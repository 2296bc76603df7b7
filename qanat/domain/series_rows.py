"""Series as rows of a table: a step, and the values of several names at it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import NamedTuple

from qanat.domain.curves import Curve, is_ascending
from qanat.domain.series import Points


class Row(NamedTuple):
    """The values at a step, by name; names without a value at it are missing."""

    step: float
    values: Mapping[str, float]


def rows(block: Sequence[Points]) -> list[Row]:
    """Return the rows of points, one for each step; steps ascend."""
    if not block:
        return []
    names, columns = [points.name for points in block], [points.values for points in block]
    steps = block[0].steps
    if all(points.steps is steps for points in block) and is_ascending(steps):
        return [Row(step, dict(zip(names, values, strict=True))) for step, *values in zip(steps, *columns, strict=True)]
    found: dict[float, dict[str, float]] = {}
    for points in block:
        for step, value in zip(points.steps, points.values, strict=True):
            found.setdefault(step, {})[points.name] = value
    return [Row(step, found[step]) for step in sorted(found)]


def rows_of(curves: Mapping[str, Curve]) -> Iterator[Row]:
    """Yield the rows of whole curves, one for each step; steps ascend."""
    points = [zip(curve.steps, repeat(name), curve.values) for name, curve in curves.items()]
    return joined(Row(step, {name: value}) for step, name, value in heapq.merge(*points, key=itemgetter(0)))


def merged(files: Iterable[Iterable[Row]]) -> Iterator[Row]:
    """Yield the rows of several files whose steps ascend, one for each step."""
    return joined(heapq.merge(*files, key=attrgetter("step")))


def joined(found: Iterable[Row]) -> Iterator[Row]:
    """Yield rows, neighbours with the same step as one; of two values, the later counts."""
    last: Row | None = None
    for row in found:
        if last is not None and row.step == last.step:
            last = Row(row.step, {**last.values, **row.values})
            continue
        if last is not None:
            yield last
        last = row
    if last is not None:
        yield last


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

    def rows(self) -> list[Row]:
        """Return the rows that stand for all those that were added."""
        return [row for row in (self._first, *self._kept, self._open) if row is not None]


def _newest(before: Row, after: Row) -> Row:
    return Row(after.step, {**before.values, **after.values})
