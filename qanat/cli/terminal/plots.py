"""Plots of a metric over a parameter, or of curves, in a terminal with plotext or in a file with matplotlib."""

from __future__ import annotations

import io
import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qanat.domain.plot_scales import log_ticks, round_ticks
from qanat.errors import UsageError
from qanat.usecases import packages
from qanat.usecases.results import place

ROWS_LEAST = 10
# Each curve is drawn with a character of its own, since a pipe or a file has no colours.
MARKERS = "*o+x#@%="
BAR = "│"
# Both libraries fail or warn at the ends of the range of floats.
LARGEST, SMALLEST = 1e100, 1e-100


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot; `deviations`, if there are any, are of its points."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    deviations: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis is called, and whether it is logarithmic."""

    label: str
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """At most len(MARKERS) lines, as curves or as points, which are joined in a file if they are `joined`.

    A file writes `spread` below the name of the y axis: what its bars or bands are.
    """

    lines: Sequence[Line]
    x: Axis
    y: Axis
    are_curves: bool = False
    joined: bool = True
    spread: str = ""


def positive(plot: Plot) -> tuple[Plot, int]:
    """Leave out what a logarithmic axis cannot show, and count it."""
    lines, count = [], 0
    for line in plot.lines:
        pairs = enumerate(zip(line.xs, line.ys, strict=True))
        kept = [i for i, (x, y) in pairs if (x > 0 or not plot.x.is_log) and (y > 0 or not plot.y.is_log)]
        count += len(line.xs) - len(kept)
        deviations = [line.deviations[i] for i in kept] if line.deviations else ()
        lines.append(replace(line, xs=[line.xs[i] for i in kept], ys=[line.ys[i] for i in kept], deviations=deviations))
    return replace(plot, lines=[line for line in lines if line.xs]), count


def in_terminal(plot: Plot) -> str:
    """Return a plot as text that fits the terminal, with a legend below it for curves or several lines."""
    plot = _drawable(plot)
    has_legend = plot.are_curves or len(plot.lines) > 1
    plotext = _plotext(rows_below=len(plot.lines) if has_legend else 0)
    placed = [_on_scales(line, plot) for line in plot.lines]
    for line in placed if not plot.are_curves else ():
        for x, y, (low, high) in zip(line.xs, line.ys, _bars(line, plot), strict=True):
            if low < y < high:
                plotext.plot([x, x], [low, high], marker=BAR)
    for marker, line in zip(MARKERS, placed, strict=False):
        draw = plotext.plot if plot.are_curves else plotext.scatter
        draw(list(line.xs), list(line.ys), **({"marker": marker} if has_legend else {}))
    _set_ticks(plotext, plot, placed)
    text = _built(plotext, _named(plot.x), _named(plot.y))
    return _with_legend(text, plot.lines) if has_legend else text.rstrip("\n")


def _on_scales(line: Line, plot: Plot) -> Line:
    """Return a line with the logarithms of what is on logarithmic axes."""
    xs = [math.log10(x) for x in line.xs] if plot.x.is_log else line.xs
    ys = [math.log10(y) for y in line.ys] if plot.y.is_log else line.ys
    return replace(line, xs=xs, ys=ys)


def _bars(line: Line, plot: Plot) -> list[tuple[float, float]]:
    """Return the ends of the error bars of a line that is on its scales."""
    deviations = line.deviations or [0.0] * len(line.ys)
    if not plot.y.is_log:
        return [(y - d, y + d) for y, d in zip(line.ys, deviations, strict=True)]
    values = [10.0**y for y in line.ys]
    # A bar that reaches to 0 or below would have no lower end.
    return [
        (math.log10(v - d) if v > d else y - 1, math.log10(v + d))
        for y, v, d in zip(line.ys, values, deviations, strict=True)
    ]


def _set_ticks(plotext: Any, plot: Plot, placed: Sequence[Line]) -> None:
    """Set the ticks of logarithmic axes, and those of a linear x axis, such as that of steps, to round numbers."""
    for axis, set_ticks, values in (
        (plot.x, plotext.xticks, [x for line in placed for x in line.xs]),
        (plot.y, plotext.yticks, [y for line in placed for y in line.ys]),
    ):
        if axis.is_log:
            ticks = log_ticks(10.0 ** min(values), 10.0 ** max(values))
            set_ticks([math.log10(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
        elif axis is plot.x and (ticks := round_ticks(values)):
            set_ticks(list(ticks), [f"{tick:.10g}" for tick in ticks])


def _drawable(plot: Plot) -> Plot:
    """Return a plot with very large and very small numbers in units of a power of ten, which the axes name."""
    across = _exponent(value for line in plot.lines for value in line.xs)
    up = _exponent(value for line in plot.lines for value in (*line.ys, *line.deviations))
    drawn = [
        replace(line, xs=_in_unit(line.xs, across), ys=_in_unit(line.ys, up), deviations=_in_unit(line.deviations, up))
        for line in plot.lines
    ]
    x, y = (
        replace(axis, label=_with_unit(axis.label, exponent)) for axis, exponent in ((plot.x, across), (plot.y, up))
    )
    found = replace(plot, lines=drawn, x=x, y=y)
    return positive(found)[0] if across or up else found


def _exponent(values: Iterable[float]) -> int:
    """Return the power of ten in which to draw values; 0 if they can be drawn as they are."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    return 0 if largest == 0 or SMALLEST <= largest <= LARGEST else math.floor(math.log10(largest))


def _in_unit(values: Sequence[float], exponent: int) -> Sequence[float]:
    half = exponent // 2  # no float holds the power for the very smallest numbers
    return [value / 10.0**half / 10.0 ** (exponent - half) for value in values] if exponent else values


def _with_unit(name: str, exponent: int) -> str:
    return f"{name} (in units of 1e{exponent})" if exponent else name


def _named(axis: Axis) -> str:
    return f"{axis.label} (log scale)" if axis.is_log else axis.label


def _with_legend(plot: str, lines: Sequence[Line]) -> str:
    legend = [f"  {marker} {line.label}" for marker, line in zip(MARKERS, lines, strict=False)]
    return "\n".join([plot.rstrip("\n"), *legend])


def _plotext(rows_below: int = 0) -> Any:
    """Return the library with an empty plot. Raises PackageMissing."""
    try:
        import plotext
    except ImportError:
        raise packages.missing("plots in the terminal require", "plotext", extra="plot") from None
    columns, rows = shutil.get_terminal_size()
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(columns, 100), min(max(rows - 2 - rows_below, ROWS_LEAST), 30))
    return plotext


def _built(plotext: Any, x: str, y: str) -> str:
    plotext.xlabel(x)
    plotext.ylabel(y)
    text: str = plotext.uncolorize(plotext.build())
    return text


def to_file(plot: Plot, output: Path) -> None:
    """Plot to a PNG or SVG file, with one standard deviation as error bars of points, or as bands around curves.

    It has a legend for curves or several lines.
    """
    plot = _drawable(plot)
    figure, axes = _figure(plot, output)
    for line in plot.lines:
        if plot.are_curves:
            axes.plot(line.xs, line.ys, label=_plain(line.label))
            _draw_band(axes, line, is_log=plot.y.is_log)
        else:
            errors = line.deviations if any(line.deviations) else None
            style = {"linestyle": "-" if plot.joined else "none", "marker": "o", "capsize": 3}
            axes.errorbar(line.xs, line.ys, yerr=errors, label=_plain(line.label), **style)
    if plot.are_curves or len(plot.lines) > 1:
        axes.legend(fontsize="small")
    _save(figure, output)


def _draw_band(axes: Any, line: Line, *, is_log: bool) -> None:
    if not any(line.deviations):
        return
    pairs = list(zip(line.ys, line.deviations, strict=True))
    # On a logarithmic axis, a band that reaches to 0 or below would have no lower end.
    low = [y - d if y > d or not is_log else y / 10 for y, d in pairs]
    color = axes.get_lines()[-1].get_color()
    axes.fill_between(line.xs, low, [y + d for y, d in pairs], alpha=0.2, color=color, linewidth=0)


def _figure(plot: Plot, output: Path) -> tuple[Any, Any]:
    """Return an empty figure and its axes. Raises UsageError for another kind of file, PackageMissing."""
    if output.suffix.lower() not in (".png", ".svg"):
        raise UsageError(
            f"--output {output} is neither a PNG nor an SVG file", hint="use a name that ends in .png or .svg"
        )
    try:
        import matplotlib as mpl
    except ImportError:
        raise packages.missing("plots in a file require", "matplotlib", extra="plot") from None
    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log" if plot.x.is_log else "linear")
    axes.set_yscale("log" if plot.y.is_log else "linear")
    axes.set_xlabel(_plain(plot.x.label))
    axes.set_ylabel(_plain("\n".join(filter(None, (plot.y.label, plot.spread)))))
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _plain(text: str) -> str:
    """Return text in which a dollar sign does not start a formula."""
    return text.replace("$", r"\$")


def _save(figure: Any, output: Path) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, format=output.suffix[1:].lower(), dpi=150)
    place.write_named(output, drawn.getvalue())
