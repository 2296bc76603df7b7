"""Curves as a page of a run shows them: what they came to, and their course if their files are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.curves import Curve, Summing
from qanat.domain.experiment import MetricSource
from qanat.domain.measured import CurveSummary
from qanat.domain.series import Points
from qanat.records.measured import series_sources
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.runs.whole_curves import curves_of
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
    sources = metric_sources(project, found.run)
    left_bytes = BYTES_MAX
    for number in groups:
        group, folder = found.run.groups[number], found.group_folder(number)
        left_bytes -= (size := _size_bytes(folder, sources))
        curves = curves_of(group, folder, sources)[0] if size and left_bytes >= 0 else {}
        summaries = group.curves or _summed(curves)  # records of earlier versions have no curves
        for name, summary in summaries.items():
            yield DrawnCurve(number, name, summary, curves[name].values if name in curves else ())


def _size_bytes(folder: Path, sources: Sequence[MetricSource]) -> int:
    paths = (folder / source.file for source in series_sources(sources))
    return sum(path.stat().st_size for path in paths if files.is_file(path))


def _summed(curves: dict[str, Curve]) -> dict[str, CurveSummary]:
    summing = Summing()
    summing.add([Points(name, curve.steps, curve.values) for name, curve in curves.items()])
    return summing.summaries()
