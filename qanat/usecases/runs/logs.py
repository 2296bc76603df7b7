"""Reading what the programs of a run print, even while they print it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.errors import reason
from qanat.system import files
from qanat.usecases.tracking.find import Found, check_results

CHUNK_BYTES = 65_536
PROBLEMS_MAX = 10


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a file has been read, and which file that was."""

    device: int
    inode: int
    offset: int


class LogReader:
    """Reads groups' growing output files from the beginning, in pieces. Raises InputInvalid if the results are gone.

    `problems` has the notes on output that cannot be read, or that begins again, since they were last taken.
    """

    def __init__(self, found: Found, groups: Sequence[int], *, stderr: bool) -> None:
        check_results(found)
        name = "stderr.txt" if stderr else "stdout.txt"
        self._files = {group: found.group_folder(group) / name for group in groups}
        self._places: dict[int, _Place] = {}
        self._told: set[int] = set()
        self.problems: list[str] = []

    def read_new(self) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yield the groups, each with the output since the last call: as much as there is when it is read first.

        A program that prints faster than it is read does not keep the reader from the other groups.
        """
        for group in self._files:
            yield group, self._new_output(group)

    def _new_output(self, group: int) -> Iterator[bytes]:
        try:
            with _open_output(self._files[group]) as file:
                status = os.fstat(file.fileno())
                offset = self._offset(group, status)
                file.seek(offset)
                while data := file.read(min(CHUNK_BYTES, status.st_size - offset)):
                    offset += len(data)
                    self._places[group] = _Place(status.st_dev, status.st_ino, offset)
                    yield data
        except FileNotFoundError:  # the group has not begun
            return
        except OSError as error:
            self._note(group, f"{self._files[group]}: {reason(error)}")

    def _offset(self, group: int, status: os.stat_result) -> int:
        """Return where to continue: at the beginning of a file that was replaced or truncated, which is noted."""
        place = self._places.get(group)
        if place is None:
            return 0
        if (place.device, place.inode) == (status.st_dev, status.st_ino) and place.offset <= status.st_size:
            return place.offset
        self.problems.append(f"{self._files[group]} was replaced or truncated; it is shown from its beginning")
        del self._places[group]
        return 0

    def _note(self, group: int, problem: str) -> None:
        if group not in self._told and len(self._told) < PROBLEMS_MAX:
            self.problems.append(problem)
        self._told.add(group)


def _open_output(path: Path) -> BinaryIO:
    """Open a file that a program prints to. Raises OSError, also for a link, pipe or device in its place."""
    if path.is_symlink():
        raise OSError(0, "is a link, not a file")
    return files.open_for_reading(path)


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces. Raises OSError, also for a pipe or a device."""
    with files.open_for_reading(path) as file:
        while data := file.read(CHUNK_BYTES):
            yield data
