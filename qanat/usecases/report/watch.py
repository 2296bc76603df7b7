"""Noticing that something in a project may have changed, by the times of a few files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from qanat.records import flight
from qanat.records.record_stamps import folders_of, stamps
from qanat.usecases.project import Project

# Of the time, at most this part is spent on the times of all records, which thousands of runs have thousands of.
SHARE = 0.002
FILES_S = 5.0


@dataclass(slots=True)
class Watch:
    """Remembers when files were changed.

    Folders of records, definitions, journals and HEAD are looked at every time. A record that is written in place does
    not change its folder, so the records themselves are looked at as well, but less often.
    """

    project: Project
    clock: Callable[[], float] = time.monotonic
    _places: int | None = None
    _files: int | None = None
    _files_due: float = field(default=0.0)

    def has_changed(self) -> bool:
        """Return whether something may have changed since the last call, which is so at the first."""
        places = hash(tuple(map(_stamp, _places(self.project))))
        changed, self._places = places != self._places, places
        began = self.clock()
        if changed or began >= self._files_due:
            files = hash(tuple(stamps(self.project.root)))
            changed, self._files = changed or files != self._files, files
            self._files_due = began + max(FILES_S, (self.clock() - began) / SHARE)
        return changed


def _places(project: Project) -> Iterator[Path]:
    state, location = project.root / ".qanat", project.location
    yield from (state, location.private / flight.FOLDER, location.git_dir / "HEAD", location.git_dir / "logs/HEAD")
    yield from (project.root / folder for folder in folders_of(project.root))
    for definitions in (state / "experiments", state / "views"):
        yield definitions
        with suppress(OSError):
            yield from definitions.iterdir()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
