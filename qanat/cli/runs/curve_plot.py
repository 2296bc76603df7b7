"""Plots of the curves of several groups over their steps."""

from __future__ import annotations

from pathlib import Path

from qanat.cli.runs import drawing
from qanat.cli.terminal import plots
from qanat.cli.terminal.output import brief, listed, plural
from qanat.cli.terminal.run_table import pairs
from qanat.domain.series import STEP
from qanat.usecases.runs.overlaid_curves import Overlay, PlottedCurve

LABEL_MAX = 80
RUNS_NAMED = 8


def plot_curves(found: Overlay, title: str, log: str | None, output: Path | None) -> None:
    """Plot curves of a metric with this title to the terminal or to a file, and print notes; `log` is one of AXES."""
    drawn = [curve for curve in found.curves if curve.values]
    lines = [
        plots.Line(brief(_label(curve), LABEL_MAX), curve.steps, curve.values, curve.deviations) for curve in drawn
    ]
    means = any(curve.count > 1 for curve in drawn)
    spread = "" if not means else "mean of n groups" if output is None else "mean ± standard deviation of n groups"
    plot = plots.Plot(lines, plots.Axis(STEP), plots.Axis(brief(title, LABEL_MAX)), are_curves=True, spread=spread)
    drawing.draw(plot, log, output, _notes(found))


def _label(curve: PlottedCurve) -> str:
    runs = [curve.run, *curve.also]
    who = f"run{'s' if curve.also else ''} {listed([*map(str, runs)], RUNS_NAMED)}"
    who = who if curve.group is None else f"{who}, group {curve.group}"
    count = f", n = {curve.count}" if curve.count > 1 else ""
    return f"{who}: {pairs(curve.parameters)}{count}" if curve.parameters else f"{who}{count}"


def _notes(found: Overlay) -> list[str]:
    """List what is wrong with the files of the curves, and what is not in the plot, a sentence each."""
    notes = [*found.problems]
    notes += [
        f"{_label(curve)}: not drawn: {plural(curve.not_finite, 'value')} that {_are(curve.not_finite)} not finite"
        for curve in found.curves
        if curve.not_finite
    ]
    if found.cut:
        notes.append(
            f"not drawn: {plural(found.cut, 'step')} that not all groups of a mean have; --each draws each group"
        )
    if found.more:
        notes.append(f"not drawn: {plural(found.more, 'more curve')}; choose groups with --where")
    if found.large:
        notes.append(f"not drawn: {plural(found.large, 'group')} whose files of curves are too large for this plot")
    if found.missing:
        notes.append(f"not drawn: {plural(found.missing, 'group')} whose results are not here")
    return notes


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
