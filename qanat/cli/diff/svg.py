"""Bars as SVG files, for pull requests that show images."""

from __future__ import annotations

import html
import math
from pathlib import Path
from urllib.parse import quote

from qanat.cli.diff.blocks import Bar, Bars, kept
from qanat.cli.terminal.output import clean
from qanat.domain.shortening import shortened
from qanat.errors import write_failed
from qanat.usecases.results.place import write_named

BARS_MAX = 100
_LABEL, _PLOT, _TEXT, _LINE = 220, 320, 180, 24
_LABEL_CHARACTERS = 32


class SvgFolder:
    """Writes each plot to a folder, and returns its address for Markdown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], str] = {}

    def plot(self, bars: Bars) -> str:
        """Draw bars, unless that has been done. Raises WriteFailed."""
        key = bars.experiment, bars.metric
        if key not in self._known:
            self._known[key] = self._written(bars, f"{bars.experiment}-{len(self._known) + 1}.svg")
        return self._known[key]

    def _written(self, bars: Bars, name: str) -> str:
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(path, error) from None
        write_named(path, svg(bars).encode(errors="replace"))
        return quote(path.as_posix())


def svg(bars: Bars) -> str:
    """Draw bars as an SVG document: a point with its deviation for each, and a hollow point for the earlier value."""
    shown = kept(bars.bars, bars.order, BARS_MAX)
    ends = [v for bar in shown for v in (bar.value - bar.deviation, bar.value + bar.deviation, bar.before)]
    known = [v for v in ends if v is not None and math.isfinite(v)]
    scale = _Scale(min(known), max(known))
    better = f" ({bars.better} is better)" if bars.better else ""
    width, height = _LABEL + _PLOT + _TEXT, _LINE * (len(shown) + 1) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{_escaped(bars.metric)}{better}</text>',
    ]
    for place, bar in enumerate(shown, 1):
        lines += _drawn(bar, _LINE * place + 16, scale)
    return "\n".join((*lines, "</svg>", ""))


def _drawn(bar: Bar, y: int, scale: _Scale) -> list[str]:
    left, right = scale.of(bar.value - bar.deviation), scale.of(bar.value + bar.deviation)
    drawn = [
        f'<text x="8" y="{y + 4}">{_escaped(bar.label)}</text>',
        f'<line x1="{_LABEL}" y1="{y}" x2="{_LABEL + _PLOT}" y2="{y}" stroke="#ddd"/>',
        f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#1f6feb" stroke-width="2"/>',
        f'<circle cx="{scale.of(bar.value)}" cy="{y}" r="4" fill="#1f6feb"/>',
        f'<text x="{_LABEL + _PLOT + 12}" y="{y + 4}">{_escaped(bar.text)}</text>',
    ]
    if bar.before is not None:
        drawn.append(f'<circle cx="{scale.of(bar.before)}" cy="{y}" r="4" fill="none" stroke="#888"/>')
    return drawn


class _Scale:
    """Maps values to positions between the left and the right end of the plot."""

    def __init__(self, low: float, high: float) -> None:
        self._low = low
        self._span = high - low

    def of(self, value: float) -> str:
        share = (value - self._low) / self._span if self._span > 0 and math.isfinite(self._span) else 0.5
        return f"{_LABEL + 8 + (min(max(share, 0), 1) if math.isfinite(share) else 0.5) * (_PLOT - 16):.1f}"


def _escaped(text: str) -> str:
    # XML excludes some characters, none of which is printable.
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in clean(text[: _LABEL_CHARACTERS + 1]))
    return html.escape(shortened(text, _LABEL_CHARACTERS))
