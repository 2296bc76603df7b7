"""Plots of the curves of several groups over their steps."""

from __future__ import annotations

from pathlib import Path

from qanat.cli.terminal import plots
from qanat.cli.terminal.output import brief, plural, say, tell
from qanat.cli.terminal.run_table import pairs
from qanat.domain.series import STEP
from qanat.usecases.runs.overlaid_curves import Overlay, PlottedCurve

LABEL_MAX = 80


def plot_curves(found: Overlay, name: str, output: Path | None) -> None:
    """Plot curves called name to the terminal or to a file, and print notes on it."""
    drawn = (curve for curve in found.curves if curve.values)
    lines = [plots.Line(brief(_label(curve), LABEL_MAX), curve.steps, curve.values) for curve in drawn]
    shown_name = brief(name, LABEL_MAX)
    if output is None:
        say(plots.curves_in_terminal(lines, STEP, shown_name))
    else:
        plots.curves_to_file(lines, STEP, shown_name, output)
        say(f"Wrote {output}")
    for note in _notes(found):
        tell(f"note: {note}")


def _label(curve: PlottedCurve) -> str:
    who = f"run {curve.run}" if curve.group is None else f"run {curve.run}, group {curve.group}"
    return f"{who}: {pairs(curve.parameters)}" if curve.parameters else who


def _notes(found: Overlay) -> list[str]:
    """List what is wrong with the files of the curves, and what is not in the plot, a sentence each."""
    notes = [*found.problems]
    notes += [
        f"{_label(curve)}: not drawn: {plural(curve.not_finite, 'value')} that {_are(curve.not_finite)} not finite"
        for curve in found.curves
        if curve.not_finite
    ]
    if found.more:
        notes.append(f"not drawn: {plural(found.more, 'more curve')}; choose groups with --where")
    if found.large:
        notes.append(f"not drawn: {plural(found.large, 'group')} whose files of curves are too large for this plot")
    if found.missing:
        notes.append(f"not drawn: {plural(found.missing, 'group')} whose results are not here")
    return notes


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
