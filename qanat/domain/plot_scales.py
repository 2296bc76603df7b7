"""The scales of a plot: which of its axes are logarithmic, and where such an axis has its ticks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

# An axis is logarithmic by itself if its greatest value is at least this many times its least, up to a size that
# everything can draw.
WIDE = 100.0
LARGEST = 1e100
TICKS_MAX = 8
AXES = ("x", "y", "both", "none")


@dataclass(frozen=True, slots=True)
class Scales:
    """Which axes are logarithmic, and which of them (`x` or `y`) are so by themselves."""

    x: bool = False
    y: bool = False
    own: tuple[str, ...] = ()


def scales(choice: str | None, xs: Iterable[float], ys: Iterable[float]) -> Scales:
    """Return the scales for one of AXES, or None for axes that are logarithmic where their values differ widely."""
    if choice is not None:
        return Scales(choice in ("x", "both"), choice in ("y", "both"))
    x, y = is_wide(xs), is_wide(ys)
    return Scales(x, y, tuple(name for name, wide in (("x", x), ("y", y)) if wide))


def is_wide(values: Iterable[float]) -> bool:
    """Return whether all values are greater than 0, and the greatest is many times the least."""
    found = list(values)
    if not found or min(found) <= 0:
        return False
    return max(found) / WIDE >= min(found) > 1 / LARGEST and max(found) < LARGEST


def log_ticks(least: float, greatest: float) -> Sequence[float]:
    """Return values between two positive ones at which a logarithmic axis has ticks: powers of ten, or few others."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(greatest))
    step = max(1, -(-(last - first + 1) // TICKS_MAX))
    powers = [exponent for exponent in range(first, last + 1) if exponent % step == 0]
    ticks = [float(f"1e{exponent}") for exponent in powers]
    inside = [tick for tick in ticks if least <= tick <= greatest]
    if len(inside) > 1:
        return inside
    finer = [float(f"{digit}e{exponent}") for exponent in range(first, last + 1) for digit in (1, 2, 5)]
    return [tick for tick in finer if least <= tick <= greatest] or [least, greatest]


def round_ticks(values: Collection[float]) -> Sequence[float]:
    """Return round numbers from the least to the greatest value, whole ones if all are; nothing for one value."""
    from decimal import Decimal  # only needed to draw

    low, high = (Decimal(repr(float(value))) for value in (min(values), max(values)))
    if low == high:
        return []
    finest = Decimal(all(value == int(value) for value in values))
    power = ((high - low) / TICKS_MAX).adjusted()
    steps = (max(Decimal(f"{digit}e{exponent}"), finest) for exponent in (power, power + 1) for digit in (1, 2, 5))
    spans = ((step, math.ceil(low / step), math.floor(high / step)) for step in steps)
    step, first, last = next(span for span in spans if span[2] - span[1] < TICKS_MAX)
    return [float(number * step) for number in range(first, last + 1)]
