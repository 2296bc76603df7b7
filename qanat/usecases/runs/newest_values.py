"""The newest values of curves in active runs: the ends of their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.run import Run, State
from qanat.records.measured import series_sources
from qanat.records.series_end import Newest, newest
from qanat.usecases.project import Project
from qanat.usecases.tracking.settle import metric_sources

GROUPS_OF_EACH = 3


@dataclass(frozen=True, slots=True)
class NewestValues:
    """The newest values of a group that is running; `group` is None in a run that has no other."""

    run: int
    group: int | None
    newest: Newest


def newest_values(project: Project, runs: Iterable[Run]) -> Iterator[NewestValues]:
    """Yield those of the first groups of each run that are running and have curves."""
    for run in runs:
        yield from _of_run(project, run)


def _of_run(project: Project, run: Run) -> Iterator[NewestValues]:
    folder, count = project.storage_of(run), len(run.groups)
    sources = metric_sources(project, run)
    for group in islice((g for g in run.groups if g.state is State.RUNNING), GROUPS_OF_EACH):
        if found := newest_of_group(group_folder(folder, group.number, count), sources):
            yield NewestValues(run.number, group.number if count > 1 else None, found)


def newest_of_group(folder: Path, sources: Sequence[MetricSource]) -> Newest | None:
    """Return the newest values of a group by its directory; None without curves.

    If two files have the same name, the first counts.
    """
    found = [end for source in series_sources(sources) if (end := newest(folder, source.file, source.keys))]
    values = {name: value for end in reversed(found) for name, value in end.values.items()}
    step = max((end.step for end in found if end.step is not None), default=None)
    return Newest(step, values) if found else None
