"""The newest values of curves in active runs: the ends of their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

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
    sources = series_sources(metric_sources(project, run))
    for group in islice((g for g in run.groups if g.state is State.RUNNING), GROUPS_OF_EACH):
        own = group_folder(folder, group.number, count)
        found = [end for source in sources if (end := newest(own / source.file, source.keys))]
        if found:
            values = {name: value for end in reversed(found) for name, value in end.values.items()}
            step = max((end.step for end in found if end.step is not None), default=None)
            yield NewestValues(run.number, group.number if count > 1 else None, Newest(step, values))
