"""Bars as a chart in the language of Mermaid, which GitHub and GitLab draw in a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

from qanat.cli.diff.blocks import Bar, Bars, kept
from qanat.domain.shortening import shortened

BARS_MAX = 20
# GitLab draws diagrams of at most so many characters by itself.
CHARACTERS_MAX = 2_000
_LABEL_CHARACTERS = 32
_PLAIN = frozenset(" =.,+-_/:()…")
_BAR_PIXELS, _AXIS_PIXELS, _WIDTH_PIXELS, _PLOT_PERCENT = 26, 60, 900, 45
_BEFORE = " (before)"


def chart(bars: Bars, most: int = BARS_MAX) -> str | None:
    """Return the lines of a chart, with earlier values as bars of their own.

    The bars begin at 0 or, if there are negative values, at the lowest one. None if all values are 0, or if the chart
    would be too long.
    """
    shown = [pair for bar in kept(bars.bars, bars.order, min(most, BARS_MAX)) for pair in _pairs(bar)]
    values = [value for _, value in shown]
    low, high = min(0.0, *values), max(0.0, *values)
    if low == high:
        return None
    exponent = _exponent(max(-low, high))
    labels = _distinct([label for label, _ in shown])
    size = {
        "width": _WIDTH_PIXELS,
        "height": _AXIS_PIXELS + _BAR_PIXELS * len(shown),
        "plotReservedSpacePercent": _PLOT_PERCENT,
    }
    settings = {"xyChart": size, "themeVariables": {"xyChart": {"plotColorPalette": "#1f6feb"}}}
    unit = f'"in units of 1e{exponent}" ' if exponent else ""
    lines = (
        f"%%{{init: {json.dumps(settings)}}}%%",
        "xychart-beta horizontal",
        f"    x-axis [{', '.join(labels)}]",
        f"    y-axis {unit}{_number(low, exponent)} --> {_number(high, exponent)}",
        f"    bar [{', '.join(_number(value, exponent) for value in values)}]",
    )
    text = "\n".join(lines)
    return text if len(text) <= CHARACTERS_MAX else None


def _pairs(bar: Bar) -> Iterator[tuple[str, float]]:
    yield bar.label, bar.value
    if bar.before is not None:
        yield f"{shortened(bar.label, _LABEL_CHARACTERS - len(_BEFORE))}{_BEFORE}", bar.before


def _exponent(largest: float) -> int:
    """Return the power of ten by which to divide numbers, so that those at the axis are short; 0 if they are."""
    exponent = Decimal(f"{largest:.6g}").adjusted()
    return 0 if -2 <= exponent <= 4 else exponent


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return labels in quotes, with nothing in them that acts; a chart has one bar for equal labels, so none are."""
    plain = ["".join(c if c.isalnum() or c in _PLAIN else "_" for c in label) for label in labels]
    short = [shortened(label.strip() or "_", _LABEL_CHARACTERS) for label in plain]
    if len(set(short)) < len(short):
        short = [f"{place}: {label}" for place, label in enumerate(short, 1)]
    return [f'"{label}"' for label in short]


def _number(value: float, exponent: int) -> str:
    """Return a number, divided by a power of ten, in the language's own form, which has no exponents."""
    return f"{Decimal(f'{value:.6g}').scaleb(-exponent).normalize():f}"
