"""Bars as a chart in the language of Mermaid, which GitHub and GitLab draw in a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from qanat.cli.diff.blocks import Bar, Bars, kept
from qanat.domain.shortening import shortened

BARS_MAX = 20
# GitLab draws diagrams of at most so many characters by itself.
CHARACTERS_MAX = 2_000
_LABEL_CHARACTERS = 40
_PLAIN = frozenset(" =.,+-_/:()…")
# Axes have no exponents, so numbers that need many digits are left to the table.
_LARGEST, _SMALLEST = 1e9, 1e-6
_BAR_PIXELS, _AXIS_PIXELS = 26, 60
_BEFORE = " (before)"


def chart(bars: Bars, most: int = BARS_MAX) -> str | None:
    """Return the lines of a chart, with earlier values as bars of their own; None if it cannot show the values.

    The bars begin at 0 or, if there are negative values, at the lowest one.
    """
    shown = [pair for bar in kept(bars.bars, bars.order, min(most, BARS_MAX)) for pair in _pairs(bar)]
    values = [value for _, value in shown]
    low, high = min(0.0, *values), max(0.0, *values)
    if not _is_plain(low, high):
        return None
    labels = _distinct([label for label, _ in shown])
    height = _AXIS_PIXELS + _BAR_PIXELS * len(shown)
    lines = (
        f'%%{{init: {{"xyChart": {{"height": {height}}}, '
        '"themeVariables": {"xyChart": {"plotColorPalette": "#1f6feb"}}}}%%',
        "xychart-beta horizontal",
        f"    x-axis [{', '.join(labels)}]",
        f"    y-axis {_number(low)} --> {_number(high)}",
        f"    bar [{', '.join(map(_number, values))}]",
    )
    text = "\n".join(lines)
    return text if len(text) <= CHARACTERS_MAX else None


def _pairs(bar: Bar) -> Iterator[tuple[str, float]]:
    yield bar.label, bar.value
    if bar.before is not None:
        yield f"{shortened(bar.label, _LABEL_CHARACTERS - len(_BEFORE))}{_BEFORE}", bar.before


def _is_plain(low: float, high: float) -> bool:
    return _SMALLEST <= max(-low, high) <= _LARGEST


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return labels in quotes, with nothing in them that acts; a chart has one bar for equal labels, so none are."""
    plain = ["".join(c if c.isalnum() or c in _PLAIN else "_" for c in label) for label in labels]
    short = [shortened(label.strip() or "_", _LABEL_CHARACTERS) for label in plain]
    if len(set(short)) < len(short):
        short = [f"{place}: {label}" for place, label in enumerate(short, 1)]
    return [f'"{label}"' for label in short]


def _number(value: float) -> str:
    """Return a number without an exponent, which the language does not have."""
    return f"{Decimal(f'{value:.6g}'):f}"
