"""Curves as a page of a run shows them: what they came to, and their course if their files are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qanat.domain.curves import Curve, Summing
from qanat.domain.measured import CurveSummary
from qanat.domain.series import Points
from qanat.records.measured import series_sources
from qanat.usecases.project import Project
from qanat.usecases.runs.curves import GroupCurves
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.settle import metric_sources

# What a page reads, which takes less than half a second.
BYTES_MAX = 16 * 2**20


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """A curve of a group; `values` is empty if its file is not here, or too large for a page."""

    group: int
    name: str
    summary: CurveSummary
    values: Sequence[float] = ()


def drawn_curves(project: Project, found: Found, groups: Sequence[int]) -> Iterator[DrawnCurve]:
    """Yield the curves of these groups, those that are still written as they are now."""
    sources = series_sources(metric_sources(project, found.run))
    left_bytes = BYTES_MAX
    for number in groups:
        group = found.run.groups[number]
        read = GroupCurves(found.group_folder(number), sources)
        left_bytes -= (size := read.size_bytes)
        curves = read.curves(ended=group.state.ended) if size and left_bytes >= 0 else {}
        summaries = group.curves or _summed(curves)  # records of earlier versions have no curves
        for name, summary in summaries.items():
            yield DrawnCurve(number, name, summary, curves[name].values if name in curves else ())


def _summed(curves: dict[str, Curve]) -> dict[str, CurveSummary]:
    summing = Summing()
    summing.add([Points(name, curve.steps, curve.values) for name, curve in curves.items()])
    return summing.summaries()
