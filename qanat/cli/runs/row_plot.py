"""Plots of the rows of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qanat.cli.runs import drawing
from qanat.cli.terminal import plots
from qanat.cli.terminal.output import brief, listed, plural
from qanat.domain.condition import METRIC
from qanat.usecases.runs.experiments import title_of
from qanat.usecases.runs.plotted_rows import PlottedRows

LABEL_MAX = 80


def plot_rows(
    found: PlottedRows, x: str, y: str, titles: Mapping[str, str], log: str | None, output: Path | None
) -> None:
    """Plot series to the terminal or to a file, and say what is not in the plot; `log` is one of AXES."""
    drawn = found.series[: len(plots.MARKERS)]
    lines = [plots.Line(brief(one.label, LABEL_MAX), one.xs, one.ys, one.deviations) for one in drawn]
    named = [(name, title_of(name.removeprefix(METRIC), titles)) for name in (x, y)]
    across, up = (plots.Axis(brief(title or name, LABEL_MAX)) for name, title in named)
    counts = sorted({count for one in drawn for count in one.counts})
    n = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    spread = f"mean ± standard deviation of {n} groups" if counts[-1] > 1 else ""
    plot = plots.Plot(lines, across, up, joined=found.joined, spread=spread)
    notes = [f"not drawn: {note}" for note in _notes(found, x, y)]
    if found.split:
        notes.insert(0, f"runs with the same {brief(x)} are separate series; --pool joins those of the same code")
    drawing.draw(plot, log, output, notes)


def _notes(found: PlottedRows, x: str, y: str) -> list[str]:
    notes = []
    if found.without_x:
        runs = dict.fromkeys(run.partition("-")[0] for row in found.without_x for run in row.runs)
        rows = f"{plural(len(found.without_x), 'row')} of run{'' if len(runs) == 1 else 's'} {listed([*runs])}"
        notes.append(f"{rows}, without a number for {brief(x)}")
    if found.not_finite:
        notes.append(f"{plural(found.not_finite, 'row')} whose {brief(y)} is not finite")
    if (more := len(found.series) - len(plots.MARKERS)) > 0:
        notes.append(f"{more:,} more series; choose groups with --where")
    return notes
