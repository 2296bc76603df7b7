"""Curves: the values of a name over the steps of a program."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from qanat.domain.series import Points


@dataclass(frozen=True, slots=True)
class Curve:
    """The values of a name, one for each step; steps ascend."""

    steps: Sequence[float]
    values: Sequence[float]


@dataclass(slots=True)
class CurveBuilder:
    """Collects the points of a name in the order in which they were written."""

    steps: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, points: Points) -> None:
        """Add the next points."""
        self.steps.extend(points.steps)
        self.values.extend(points.values)

    def curve(self) -> Curve:
        """Return the curve so far; of several values of a step, it has the one that was written last."""
        if is_ascending(self.steps):
            return Curve(self.steps[:], self.values[:])
        latest = dict(zip(self.steps, self.values, strict=True))
        steps = sorted(latest)
        return Curve(array("d", steps), array("d", map(latest.__getitem__, steps)))


def collected(blocks: Iterable[Iterable[Points]]) -> dict[str, Curve]:
    """Return the curves of all points, by name."""
    builders: dict[str, CurveBuilder] = {}
    for block in blocks:
        for points in block:
            builders.setdefault(points.name, CurveBuilder()).add(points)
    return {name: builder.curve() for name, builder in builders.items()}


def is_ascending(steps: Sequence[float]) -> bool:
    """Return whether each step is greater than the one before."""
    return all(map(operator.lt, steps, islice(steps, 1, None)))
