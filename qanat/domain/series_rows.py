"""Series as rows of a table: a step, and the values of several names at it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import NamedTuple, overload

from qanat.domain.curves import Curve, is_ascending
from qanat.domain.series import Points


class Row(NamedTuple):
    """The values at a step, by name; names without a value at it are missing."""

    step: float
    values: Mapping[str, float]


class AlikeRows(Sequence[Row]):
    """Rows that have values of all names, made of columns when they are asked for."""

    def __init__(self, names: Sequence[str], steps: Sequence[float], columns: Sequence[Sequence[float]]) -> None:
        self._names, self._steps, self._columns = names, steps, columns

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Row]:
        names = self._names
        for step, *values in zip(self._steps, *self._columns, strict=True):
            yield Row(step, dict(zip(names, values, strict=True)))

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return AlikeRows(self._names, self._steps[place], [column[place] for column in self._columns])
        values = (column[place] for column in self._columns)
        return Row(self._steps[place], dict(zip(self._names, values, strict=True)))


def rows(block: Sequence[Points]) -> Sequence[Row]:
    """Return the rows of points, one for each step; steps ascend."""
    if not block:
        return []
    names, columns = [points.name for points in block], [points.values for points in block]
    steps = block[0].steps
    if all(points.steps is steps for points in block) and is_ascending(steps):
        return AlikeRows(names, steps, columns)
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


def joined_blocks(blocks: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """Yield the rows of blocks, of which none is empty; a step that two blocks share has one row."""
    last: Row | None = None
    for block in blocks:
        rest = block
        if last is not None and block[0].step == last.step:
            last, rest = Row(last.step, {**last.values, **block[0].values}), block[1:]
        if rest:
            yield from [[last]] if last is not None else []
            yield from [rest[:-1]] if len(rest) > 1 else []
            last = rest[-1]
    if last is not None:
        yield [last]


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
