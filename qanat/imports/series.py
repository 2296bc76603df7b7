"""Points of other tools as curves."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from typing import Any

from qanat.domain import metrics
from qanat.domain.curves import Curve

Point = tuple[Any, Any]


def curve_of(points: Iterable[Point]) -> Curve | None:
    """Return the curve of points, each a step and a value, in the order in which they were written.

    Steps that are not finite and values that are not numbers are left out; of several values of one step, the
    last counts. None if nothing is left.
    """
    found = {
        step: metrics.bounded(value)
        for step, value in points
        if metrics.is_number(step) and abs(step) < metrics.LARGEST and math.isfinite(step) and metrics.is_number(value)
    }
    steps = sorted(found)
    return Curve(_plain(steps), array("d", (found[step] for step in steps))) if steps else None


def _plain(steps: list[float]) -> list[float]:
    """Return steps without the fractions that whole numbers do not need."""
    return [
        int(step) if isinstance(step, float) and step.is_integer() and abs(step) < 2**53 else step for step in steps
    ]
