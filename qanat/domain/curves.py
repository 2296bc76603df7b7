"""Curves: the values of a name over the steps of a program, and what they come to."""

from __future__ import annotations

import heapq
import math
import operator
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from qanat.domain.measured import CurveSummary, Point
from qanat.domain.series import Points

# Of whole curves in memory, where each value takes 16 bytes.
VALUES_MAX = 20_000_000
# Sorting takes ten times as much, so that more than this are sorted in parts.
SORTED_MAX = 1_000_000


class TooManyValues(ValueError):
    """There are more than VALUES_MAX values."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The values of a name, one for each step; steps ascend."""

    steps: Sequence[float]
    values: Sequence[float]


class _Builder:
    """Collects the points of a name in the order in which they were written."""

    __slots__ = ("_steps", "_values")

    def __init__(self) -> None:
        self._steps, self._values = array("d"), array("d")

    def add(self, points: Points) -> None:
        self._steps.extend(points.steps)
        self._values.extend(points.values)

    def curve(self) -> Curve:
        if is_ascending(self._steps):
            return Curve(self._steps, self._values)
        parts = [slice(first, first + SORTED_MAX) for first in range(0, len(self._steps), SORTED_MAX)]
        return _joined_parts([_in_order(self._steps[part], self._values[part]) for part in parts])


def collected(blocks: Iterable[Iterable[Points]], names: Collection[str] | None = None) -> dict[str, Curve]:
    """Return the curves of all points, or of these names; of several values of a step, the last that was written.

    Raises TooManyValues if they do not fit into memory.
    """
    builders: dict[str, _Builder] = {}
    count = 0
    for block in blocks:
        for points in block:
            if names is None or points.name in names:
                builders.setdefault(points.name, _Builder()).add(points)
                count += len(points.values)
        if count > VALUES_MAX:
            raise TooManyValues
    return {name: builder.curve() for name, builder in builders.items()}


def _in_order(steps: Sequence[float], values: Sequence[float]) -> Curve:
    latest = dict(zip(steps, values, strict=True))
    ordered = sorted(latest)
    return Curve(array("d", ordered), array("d", map(latest.__getitem__, ordered)))


def _joined_parts(parts: Sequence[Curve]) -> Curve:
    """Return one curve of several; of several values of a step, that of the last part."""
    if len(parts) == 1:
        return parts[0]
    steps, values = array("d"), array("d")
    pairs = (zip(part.steps, part.values, strict=True) for part in parts)
    for step, value in heapq.merge(*pairs, key=itemgetter(0)):
        if steps and steps[-1] == step:
            values[-1] = value
        else:
            steps.append(step)
            values.append(value)
    return Curve(steps, values)


def is_ascending(steps: Sequence[float]) -> bool:
    """Return whether each step is greater than the one before."""
    return all(map(operator.lt, steps, islice(steps, 1, None)))


class Summing:
    """Sums up curves while their points are read, which takes no memory.

    If steps repeat or go back, some values do not count: `unordered` names the curves that have to be read again, as a
    whole, for complete().
    """

    def __init__(self) -> None:
        self._found: dict[str, CurveSummary] = {}
        self._greatest: dict[str, float] = {}
        self.unordered: set[str] = set()

    def add(self, block: Iterable[Points]) -> None:
        """Add the next points."""
        ascending: dict[int, bool] = {}  # the curves of a line share their steps
        for name, steps, values in block:
            is_next = steps[0] > self._greatest.get(name, -math.inf)
            if id(steps) not in ascending:
                ascending[id(steps)] = is_ascending(steps)
            if not (is_next and ascending[id(steps)]):
                self.unordered.add(name)
            self._greatest[name] = max(steps[-1], self._greatest.get(name, -math.inf))
            new, known = _summary(steps, values), self._found.get(name)
            self._found[name] = _joined(known, new) if known else new

    def complete(self, name: str, curve: Curve) -> None:
        """Replace the summary of a curve by that of the whole curve, but for its last point."""
        whole = _summary(curve.steps, curve.values)
        self._found[name] = CurveSummary(self._found[name].last, whole.min, whole.max, whole.count)

    def summaries(self) -> dict[str, CurveSummary]:
        """Return what the curves came to, by name."""
        return dict(self._found)


def _summary(steps: Sequence[float], values: Sequence[float]) -> CurveSummary:
    known: Sequence[float] = values
    if math.isnan(sum(values)):  # only then may one of them be NaN
        known = [value for value in values if not math.isnan(value)] or [values[-1]]
    last = Point(values[-1], plain_step(steps[-1]))
    return CurveSummary(last, _point(steps, values, min(known)), _point(steps, values, max(known)), len(values))


def _point(steps: Sequence[float], values: Sequence[float], value: float) -> Point:
    place = len(values) - 1 if math.isnan(value) else values.index(value)
    return Point(value, plain_step(steps[place]))


def _joined(before: CurveSummary, after: CurveSummary) -> CurveSummary:
    least, greatest = before.min, before.max
    if after.min.value < least.value or math.isnan(least.value):
        least = after.min
    if after.max.value > greatest.value or math.isnan(greatest.value):
        greatest = after.max
    return CurveSummary(after.last, least, greatest, before.count + after.count)


def plain_step(step: float) -> float:
    """Return a whole step without a fraction."""
    return int(step) if float(step).is_integer() else step
