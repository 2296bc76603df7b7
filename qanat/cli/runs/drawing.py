"""Drawing a plot to the terminal or to a file, on axes that fit its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.cli.terminal import plots
from qanat.cli.terminal.output import plural, say, tell, tell_note
from qanat.cli.terminal.plots import Line, Plot
from qanat.domain.plot_scales import scales
from qanat.errors import UsageError


def draw(plot: Plot, log: str | None, output: Path | None, notes: Sequence[str]) -> None:
    """Draw a plot, and print what its numbers are, and notes; `log` is one of AXES.

    Raises UsageError if logarithmic axes can show nothing of it.
    """
    found = scales(log, [x for line in plot.lines for x in line.xs], [y for line in plot.lines for y in _ends(line)])
    x, y = replace(plot.x, is_log=found.x), replace(plot.y, is_log=found.y)
    drawn, left_out = plots.positive(replace(plot, x=x, y=y))
    if not drawn.lines:
        raise UsageError(f"--log {log}: no value is greater than 0", hint="leave out --log")
    if output is None:
        say(plots.in_terminal(drawn))
        if drawn.spread:
            say(drawn.spread)
    else:
        plots.to_file(drawn, output)
        say(f"Wrote {output}")
    for axis in (axis for name, axis in (("x", x), ("y", y)) if name in found.own):
        tell_note(f"{axis.label} is on a logarithmic axis, since its values differ widely; --log none changes that")
    if left_out:
        tell(f"note: not drawn: {plural(left_out, 'value')} that a logarithmic axis cannot show")
    for note in notes:
        tell_note(note)


def _ends(line: Line) -> Iterator[float]:
    """Yield the values of a line; not above 0 if its deviations reach there, so that they can be drawn."""
    yield from line.ys
    yield from (0.0 for y, deviation in zip(line.ys, line.deviations, strict=False) if y <= deviation)
