"""The files of a run, for display."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.experiment import MetricSource
from qanat.domain.run import State
from qanat.errors import UsageError
from qanat.records import storage
from qanat.records.measured import read_measured
from qanat.runners.protocol import HasLog, Runners
from qanat.system import files
from qanat.usecases.checks import missing_metrics
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.settle import metric_sources
from qanat.usecases.tracking.submission import jobs_of

if TYPE_CHECKING:
    from qanat.domain.metric_problems import MetricProblem

GROUPS_MAX = 20
SERIES_BYTES_MAX = 2**20


def output_files(found: Found, name: str, group: int | None) -> list[Path]:
    """List the `stdout.txt` or `stderr.txt` files of one group, or of all, in which something is."""
    numbers = range(len(found.run.groups)) if group is None else [group]
    return [path for n in numbers if files.is_file(path := found.group_folder(n) / name) and path.stat().st_size]


def parameters_files(found: Found) -> list[Path]:
    """List the parameters files that were kept with the results."""
    folder = found.folder / storage.PARAMETERS_FILES
    return sorted(path for path in folder.iterdir() if path.is_file()) if files.is_folder(folder) else []


def relative_files(folder: Path) -> Iterator[str]:
    """Yield the paths of all files in a directory, relative to it, its own before those below; no link is followed."""
    for where, folders, names in os.walk(folder):
        folders.sort(key=by_numbers)
        for name in sorted(names, key=by_numbers):
            yield str(Path(where, name).relative_to(folder))


def by_numbers(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts group_2 before group_10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def scheduler_log(project: Project, found: Found, group: int | None, runners: Runners) -> str:
    """Return the scheduler's log of a submitted run or of one of its groups; empty if there is none.

    Raises UsageError for a runner whose scheduler keeps no log.
    """
    runner = runners.submitting(found.run.runner.name)
    if not isinstance(runner, HasLog):
        raise UsageError(f"runner {runner.name} has no log of its scheduler")
    run = found.run
    jobs = jobs_of(project, run, None if group is None else [group])
    return runner.scheduler_log(found.folder, [job.handle for job in jobs])


def metric_problems(project: Project, found: Found) -> list[str]:
    """List why an ended run lacks metrics that its first groups left, or that the experiment asks for."""
    if not found.run.state.ended:
        return []
    if not files.is_folder(found.folder):
        return missing_metrics.described(project, found.run)
    sources = metric_sources(project, found.run)
    problems = _problems(found, sources, asked=True)
    if problems and not missing_metrics.is_asked(project, found.run, sources):
        problems = _problems(found, sources, asked=False)
    if not problems:
        return []
    from qanat.domain.metric_problems import sentences  # most runs have none

    return sentences(problems, are_all=len(found.run.groups) <= GROUPS_MAX)


def _problems(found: Found, sources: Sequence[MetricSource], *, asked: bool) -> list[MetricProblem]:
    problems: list[MetricProblem] = []
    for group in found.run.groups[:GROUPS_MAX]:
        finished, own = asked and group.state is State.FINISHED, found.group_folder(group.number)
        problems += read_measured(own, sources, finished=finished, series_bytes_max=SERIES_BYTES_MAX)[1]
    return problems
