"""How a record comes to say that groups are about to run: that of a new run, or that of one that is retried."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from qanat.domain.run import Run
from qanat.usecases.project import Project
from qanat.usecases.tracking import record


class Beginning(Protocol):
    """A run with groups that are about to be started."""

    @property
    def run(self) -> Run:
        """The run as its record will have it."""

    def write(self) -> Run:
        """Write the record, and return the run as it is by then. Raises QanatError when nothing may be started."""

    def undo(self) -> None:
        """Take back what write() did: nothing was started."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that has a number and a storage directory, and no record yet."""

    project: Project
    run: Run
    folder: Path

    def write(self) -> Run:
        """Write the record."""
        record.create_record(self.project, self.run)
        return self.run

    def undo(self) -> None:
        """Remove the record and the storage directory."""
        record.remove_record(self.project, self.run)
        shutil.rmtree(self.folder, ignore_errors=True)
