"""Curves as a page of a run shows them: what they came to, and their course if their files are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qanat.domain.curves import Curve, Summing
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.metric_problems import CHANGED, MetricProblem
from qanat.domain.series import Points
from qanat.usecases.project import Project
from qanat.usecases.runs.newest_values import newest_of_group
from qanat.usecases.runs.whole_curves import curves_of, size_bytes
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.settle import metric_sources

# What a page reads, which takes less than half a second.
BYTES_MAX = 16 * 2**20


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """A curve of a group; `values` is empty if its file is not here, or too large for a page.

    The least and the greatest value are unknown while such a file is written. `changed` are the files of
    the group that have changed since its end.
    """

    group: int
    name: str
    last: float
    min: Point | None = None
    max: Point | None = None
    values: Sequence[float] = ()
    changed: Sequence[MetricProblem] = ()


def drawn_curves(project: Project, found: Found, groups: Sequence[int]) -> Iterator[DrawnCurve]:
    """Yield the curves of these groups, those that are still written as they are now."""
    sources = metric_sources(project, found.run)
    left_bytes = BYTES_MAX
    for number in groups:
        group, folder = found.run.groups[number], found.group_folder(number)
        curves: dict[str, Curve] = {}
        problems: list[MetricProblem] = []
        if 0 < (size := size_bytes(folder, sources)) <= left_bytes:
            left_bytes -= size
            curves, problems = curves_of(group, folder, sources)
        changed = [problem for problem in problems if problem.what == CHANGED]
        summaries = group.curves or _summed(curves)  # records of earlier versions have no curves
        for name, summary in summaries.items():
            values = curves[name].values if name in curves else ()
            yield DrawnCurve(number, name, summary.last.value, summary.min, summary.max, values, changed)
        if not summaries and (end := newest_of_group(folder, sources)):
            yield from (DrawnCurve(number, name, value) for name, value in end.values.items())


def _summed(curves: dict[str, Curve]) -> dict[str, CurveSummary]:
    summing = Summing()
    summing.add([Points(name, curve.steps, curve.values) for name, curve in curves.items()])
    return summing.summaries()
