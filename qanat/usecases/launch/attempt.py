"""An attempt at groups of a run: all groups of a new run, or some groups of a retried one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qanat.domain.checkpoint import Checkpoint
from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run
from qanat.domain.sharing import Sharing
from qanat.domain.shipment import shown
from qanat.errors import QanatError
from qanat.records import run_codec, storage
from qanat.records.flight import Journal, Watcher
from qanat.system import folders, processes
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project
from qanat.usecases.tracking import notices

if TYPE_CHECKING:
    from qanat.usecases.launch.enclosure import Enclosure

# What may interrupt a launch in a process that continues, such as a notebook.
FAILURES = (Exception, KeyboardInterrupt)


class Beginning(Protocol):
    """How to record that groups are about to start."""

    @property
    def run(self) -> Run:
        """The run as its record will have it."""

    def write(self) -> Run:
        """Write the record, and return the run as it then is. Raises QanatError if nothing may be started."""

    def undo(self) -> None:
        """Undo what has been written: nothing was started."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Groups that are about to start, by number, and what they need.

    `folder` is the run's storage directory, `results` is where that was at the launch, without links: a program may put
    a link in its place. `place` is where the programs work, `metrics` are the files of numbers that they leave, and
    `captured` is their code before the start. `enclosure` is the container that they work in, if any. An attempt
    `by_policy` counts towards those that a checkpoint allows, whereas one of a user gets all of them.
    """

    beginning: Beginning
    numbers: Sequence[int]
    folder: Path
    results: Path
    place: Workplace
    metrics: tuple[MetricSource, ...]
    captured: Captured
    enclosure: Enclosure | None = None
    by_policy: bool = False

    def commands(self, run: Run) -> list[tuple[str, ...]]:
        """Return the full command of every group of the run."""
        count = len(run.groups)
        kept = self.parameters_file(run)
        programs = [
            self.place.command(run.command, g.args, group_folder(self.folder, g.number, count), kept)
            for g in run.groups
        ]
        return [self.enclosure.command(self.folder, each) for each in programs] if self.enclosure else programs

    def checkpoint(self, group: Group) -> Checkpoint | None:
        """Return when a group continues later, and how many attempts it has left."""
        found = self.beginning.run.checkpoint
        return found.after(group.attempt - 1) if found and self.by_policy else found

    def write_info(self, run: Run, sharing: Sharing) -> None:
        """Write the `info.yaml` of the run. Raises WriteFailed."""
        content = storage.info(run, self.folder, [shown(each) for each in self.commands(run)], self.place.folder)
        folders.write(self.results / storage.INFO, content, sharing=sharing)

    def parameters_file(self, run: Run) -> Path | None:
        """Return the run's copy of its parameters file; None if it has none."""
        return storage.parameters_copy(self.folder, run.requested.parameters_file)


@contextlib.contextmanager
def open_attempt(project: Project, attempt: Attempt) -> Iterator[tuple[Run, Journal]]:
    """Open the journal of an attempt and write its record; neither is left if that fails."""
    with undo_on_failure(attempt):
        journal = Journal(project.location.private, _watcher(project, attempt.beginning.run), project.sharing)
    with journal:
        with undo_on_failure(attempt, journal):
            run = attempt.beginning.write()
            notices.begin(project, run, attempt.numbers)
        yield run, journal


@contextlib.contextmanager
def undo_on_failure(attempt: Attempt, journal: Journal | None = None) -> Iterator[None]:
    """Undo what has been written for an attempt if the block fails."""
    try:
        yield
    except FAILURES:
        if journal:
            journal.remove()  # first, since a disk may be full
        undo(attempt)
        raise


def undo(attempt: Attempt) -> None:
    """Undo what has been written for an attempt, as far as possible; the original error matters more."""
    with contextlib.suppress(QanatError):
        attempt.beginning.undo()


def _watcher(project: Project, run: Run) -> Watcher:
    """Return this process as the watcher of a run."""
    pid = os.getpid()
    start = processes.start_of(pid) or ""
    return Watcher(run.id, str(project.root), run_codec.path_of(run), run.host, pid, start, os.geteuid())
