"""Plots of a metric over a parameter, in a terminal with plotext or in a file with matplotlib."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from qanat.errors import UsageError, write_failed
from qanat.usecases import packages


def in_terminal(xs: Sequence[float], ys: Sequence[float], x: str, y: str) -> str:
    """Return a plot as text that fits the terminal."""
    try:
        import plotext
    except ImportError:
        raise packages.missing("plots in the terminal require", "plotext", extra="plot") from None
    columns, rows = shutil.get_terminal_size()
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(columns, 100), min(rows - 2, 30))
    plotext.scatter(list(xs), list(ys))
    plotext.xlabel(x)
    plotext.ylabel(y)
    text: str = plotext.uncolorize(plotext.build())
    return text


def to_file(
    xs: Sequence[float], ys: Sequence[float], deviations: Sequence[float], x: str, y: str, output: Path
) -> None:
    """Plot to a PNG or SVG file, with error bars of one standard deviation."""
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
    order = sorted(range(len(xs)), key=lambda i: xs[i])
    axes.errorbar(
        [xs[i] for i in order],
        [ys[i] for i in order],
        yerr=[deviations[i] for i in order] if any(deviations) else None,
        marker="o",
        capsize=3,
    )
    # A dollar sign would start a formula.
    axes.set_xlabel(x.replace("$", r"\$"))
    axes.set_ylabel(y.replace("$", r"\$"))
    axes.grid(visible=True, alpha=0.3)
    try:
        figure.savefig(output, dpi=150)
    except OSError as error:
        raise write_failed(output, error) from None
