"""Plots of a metric over a parameter, or of curves, in a terminal with plotext or in a file with matplotlib."""

from __future__ import annotations

import io
import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qanat.errors import UsageError
from qanat.usecases import packages
from qanat.usecases.results import place

ROWS_LEAST = 10
# Each curve is drawn with a character of its own, since a pipe or a file has no colours.
MARKERS = "*o+x#@%="
# Both libraries fail or warn at the ends of the range of floats.
LARGEST, SMALLEST = 1e100, 1e-100


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot; `deviations`, if there are any, are of its points."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    deviations: Sequence[float] = ()


def in_terminal(series: Sequence[Line], x: str, y: str) -> str:
    """Return a plot of points as text that fits the terminal, with a legend for several of at most len(MARKERS)."""
    series, x, y = _drawable(series, x, y)
    if len(series) == 1:
        plotext = _plotext()
        plotext.scatter(list(series[0].xs), list(series[0].ys))
        return _built(plotext, x, y)
    plotext = _plotext(rows_below=len(series))
    for marker, line in zip(MARKERS, series, strict=False):
        plotext.scatter(list(line.xs), list(line.ys), marker=marker)
    return _with_legend(_built(plotext, x, y), series)


def curves_in_terminal(curves: Sequence[Line], x: str, y: str) -> str:
    """Return a plot of at most len(MARKERS) curves as text that fits the terminal, with a legend below it."""
    curves, x, y = _drawable(curves, x, y)
    plotext = _plotext(rows_below=len(curves))
    for marker, curve in zip(MARKERS, curves, strict=False):
        plotext.plot(list(curve.xs), list(curve.ys), marker=marker)
    return _with_legend(_built(plotext, x, y), curves)


def _drawable(lines: Sequence[Line], x: str, y: str) -> tuple[Sequence[Line], str, str]:
    """Return lines and the names of their axes, very large and very small numbers in units of a power of ten."""
    across = _exponent(value for line in lines for value in line.xs)
    up = _exponent(value for line in lines for value in (*line.ys, *line.deviations))
    drawn = [
        replace(line, xs=_in_unit(line.xs, across), ys=_in_unit(line.ys, up), deviations=_in_unit(line.deviations, up))
        for line in lines
    ]
    return drawn, _with_unit(x, across), _with_unit(y, up)


def _exponent(values: Iterable[float]) -> int:
    """Return the power of ten in which to draw values; 0 if they can be drawn as they are."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    return 0 if largest == 0 or SMALLEST <= largest <= LARGEST else math.floor(math.log10(largest))


def _in_unit(values: Sequence[float], exponent: int) -> Sequence[float]:
    half = exponent // 2  # no float holds the power for the very smallest numbers
    return [value / 10.0**half / 10.0 ** (exponent - half) for value in values] if exponent else values


def _with_unit(name: str, exponent: int) -> str:
    return f"{name} (in units of 1e{exponent})" if exponent else name


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


def to_file(series: Sequence[Line], x: str, y: str, output: Path) -> None:
    """Plot to a PNG or SVG file, with error bars of one standard deviation, and with a legend for several lines."""
    series, x, y = _drawable(series, x, y)
    figure, axes = _figure(x, y, output)
    for line in series:
        errors = line.deviations if any(line.deviations) else None
        axes.errorbar(line.xs, line.ys, yerr=errors, marker="o", capsize=3, label=_plain(line.label))
    if len(series) > 1:
        axes.legend(fontsize="small")
    _save(figure, output)


def curves_to_file(curves: Sequence[Line], x: str, y: str, output: Path) -> None:
    """Plot curves to a PNG or SVG file, with a legend."""
    curves, x, y = _drawable(curves, x, y)
    figure, axes = _figure(x, y, output)
    for curve in curves:
        axes.plot(curve.xs, curve.ys, label=_plain(curve.label))
    axes.legend(fontsize="small")
    _save(figure, output)


def _figure(x: str, y: str, output: Path) -> tuple[Any, Any]:
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
    axes.set_xlabel(_plain(x))
    axes.set_ylabel(_plain(y))
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _plain(text: str) -> str:
    """Return text in which a dollar sign does not start a formula."""
    return text.replace("$", r"\$")


def _save(figure: Any, output: Path) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, format=output.suffix[1:].lower(), dpi=150)
    place.write_named(output, drawn.getvalue())
