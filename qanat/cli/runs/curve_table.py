"""A table of the curves of a run: their course in one line, and their last, least and greatest values."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from qanat.cli.terminal.sparkline import has_blocks, sparkline
from qanat.cli.terminal.tables import NARROWEST, Heading, fit
from qanat.domain.measured import Point
from qanat.domain.metric_problems import sentences
from qanat.domain.run import Run
from qanat.usecases.runs.drawn_curves import DrawnCurve


def curve_table(run: Run, curves: Iterable[DrawnCurve], *, most: int, width: int | None) -> list[str]:
    """Return the lines of the table, at most so many curves; nothing without any."""
    rest = iter(curves)
    shown = [*islice(rest, most)]
    headings = [Heading("group", 0), Heading("curve", 1, NARROWEST), Heading("course", 3)]
    headings += [Heading("last", 2), Heading("min", 4), Heading("max", 5)]
    in_ascii = not has_blocks()
    rows = [
        [
            str(curve.group) if len(run.groups) > 1 else "",
            curve.name,
            sparkline(curve.values, in_ascii=in_ascii),
            f"{curve.last:.6g}",
            _point(curve.min),
            _point(curve.max),
        ]
        for curve in shown
    ]
    is_cut = next(rest, None) is not None
    more = [f"… and more; for all: qanat metrics {run.number}"] if is_cut else []
    changed = dict.fromkeys(problem for curve in shown for problem in curve.changed)
    notes = [f"Note: {sentence}" for sentence in sentences(changed, are_all=not is_cut)]
    return [*fit(headings, rows, width).lines, *more, *notes]


def _point(point: Point | None) -> str:
    return "" if point is None else f"{point.value:.6g} at {point.step:,}"
