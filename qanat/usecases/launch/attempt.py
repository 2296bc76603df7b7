"""An attempt at groups of a run: all groups of a new run, or some of one that is retried."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from qanat.domain import job
from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.run import Run
from qanat.errors import QanatError
from qanat.records import run_codec
from qanat.records.flight import Journal, Watcher
from qanat.system import processes
from qanat.usecases.launch.checkouts import Workplace
from qanat.usecases.launch.code import Captured
from qanat.usecases.project import Project

# What may end a launch in a process that lives on, as a notebook does.
FAILURES = (Exception, KeyboardInterrupt)


class Beginning(Protocol):
    """How the record comes to say that groups are about to be started."""

    @property
    def run(self) -> Run:
        """The run as its record will have it."""

    def write(self) -> Run:
        """Write the record, and return the run as it is by then. Raises QanatError when nothing may be started."""

    def undo(self) -> None:
        """Take back what has been written: nothing was started."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Groups that are about to be started, by their numbers, and what they need.

    `folder` is the run's storage directory, `place` is where its programs work, `metrics` are the files of numbers
    that they leave, and `captured` is their code as it was before.
    """

    beginning: Beginning
    numbers: Sequence[int]
    folder: Path
    place: Workplace
    metrics: tuple[MetricSource, ...]
    captured: Captured

    def commands(self, run: Run) -> list[tuple[str, ...]]:
        """Return the whole command of every group of the run."""
        count = len(run.groups)
        paths = list(self.place.datasets.values())
        return [job.command(run.command, g.args, group_folder(self.folder, g.number, count), paths) for g in run.groups]


@contextlib.contextmanager
def begun(project: Project, attempt: Attempt) -> Iterator[tuple[Run, Journal]]:
    """Open the journal of an attempt and write its record; nothing is left of either when that fails."""
    with undone_on_failure(attempt):
        journal = Journal(project.location.private, _watcher(project, attempt.beginning.run))
    with journal:
        with undone_on_failure(attempt, journal):
            run = attempt.beginning.write()
        yield run, journal


@contextlib.contextmanager
def undone_on_failure(attempt: Attempt, journal: Journal | None = None) -> Iterator[None]:
    """Take back what has been written of an attempt when the block fails."""
    try:
        yield
    except FAILURES:
        undo(attempt)
        if journal:
            journal.remove()
        raise


def undo(attempt: Attempt) -> None:
    """Take back what has been written of an attempt, as far as that is possible: why it failed says more."""
    with contextlib.suppress(QanatError):
        attempt.beginning.undo()


def _watcher(project: Project, run: Run) -> Watcher:
    """Return this process as the one that watches a run."""
    pid = os.getpid()
    start = processes.start_of(pid) or ""
    return Watcher(run.id, str(project.root), run_codec.path_of(run), run.host, pid, start)
