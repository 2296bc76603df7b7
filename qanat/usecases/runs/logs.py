"""Reading what the programs of a run print, even while they print it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from qanat.errors import reason
from qanat.system import files
from qanat.usecases.tracking.find import Found, check_results

if TYPE_CHECKING:
    from qanat.usecases.runs.output_elsewhere import OutputElsewhere

CHUNK_BYTES = 65_536
PROBLEMS_MAX = 10
STDOUT, STDERR = "stdout", "stderr"


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a file has been read, and which file that was."""

    device: int
    inode: int
    offset: int
    is_copy: bool = False


class Source(NamedTuple):
    """One of the streams of a group: STDOUT or STDERR."""

    group: int
    stream: str


class LogReader:
    """Reads groups' growing output files in pieces, from their beginning or from their last lines (`tail`).

    `elsewhere` has copies of what has not come back yet, and `folders` are where earlier attempts at groups left their
    files. Of more than `most` new bytes, it reads the last ones, and then `has_skipped` is true. `problems` has the
    notes on output that cannot be read, or that begins again, since they were last taken. Raises InputInvalid if the
    results are gone.
    """

    def __init__(
        self,
        found: Found,
        groups: Sequence[int],
        streams: Sequence[str] = (STDOUT,),
        *,
        tail: int | None = None,
        most: int | None = None,
        elsewhere: OutputElsewhere | None = None,
        folders: Mapping[int, Path] | None = None,
    ) -> None:
        check_results(found)
        self._found = found
        self._groups = groups
        self._sources = [Source(group, stream) for group in groups for stream in streams]
        self._tail, self._most = tail, most
        self._elsewhere = elsewhere
        self._folders = folders or {}
        self.has_skipped = False
        self._places: dict[Source, _Place] = {}
        self._told: set[Source] = set()
        self.problems: list[str] = []

    def read_new(self) -> Iterator[tuple[Source, Iterator[bytes]]]:
        """Yield the sources, each with the output since the last call: as much as there is when it is read first.

        A program that prints faster than it is read does not keep the reader from the other groups.
        """
        for source in self._sources:
            yield source, self._new_output(source)

    def groups_with(self, stream: str) -> list[int]:
        """List the groups that have printed something to a stream."""
        return [group for group in self._groups if _is_filled(self._file(Source(group, stream)))]

    @property
    def is_complete(self) -> bool:
        """Whether all output could be read."""
        return not self._told

    def turn_to_stderr(self) -> list[int]:
        """Read from now on the stderr of the groups that have printed to it and not to stdout; return these groups."""
        loud = set(self.groups_with(STDOUT))
        found = [group for group in self.groups_with(STDERR) if group not in loud]
        self._sources = [Source(group, STDERR) for group in found]
        return found

    def _file(self, source: Source) -> Path:
        folder = self._folders.get(source.group) or self._found.group_folder(source.group)
        return folder / f"{source.stream}.txt"

    def _copy(self, source: Source) -> Path | None:
        """Return the copy that grows before the file comes back from another machine; None if there is none."""
        if self._elsewhere is None or os.path.lexists(self._file(source)):
            return None
        return self._elsewhere.file(*source)

    def _new_output(self, source: Source) -> Iterator[bytes]:
        copy = self._copy(source)
        path = copy or self._file(source)
        try:
            with _open_output(path) as file:
                status = os.fstat(file.fileno())
                start = self._offset(source, file, status, is_copy=copy is not None)
                offset = self._within(start, status.st_size)
                file.seek(offset)
                while data := file.read(min(CHUNK_BYTES, status.st_size - offset)):
                    offset += len(data)
                    self._places[source] = _Place(status.st_dev, status.st_ino, offset, copy is not None)
                    yield data
        except FileNotFoundError:  # the group has not begun
            return
        except OSError as error:
            self._note(source, f"{path}: {reason(error)}")

    def _offset(self, source: Source, file: BinaryIO, status: os.stat_result, *, is_copy: bool) -> int:
        """Return where to continue: at the beginning of a file that was replaced or truncated, which is noted."""
        place = self._places.get(source)
        if place is None:
            lowest = self._within(0, status.st_size)
            return lowest if self._tail is None else _start_of_last_lines(file, status.st_size, self._tail, lowest)
        is_same = (place.device, place.inode) == (status.st_dev, status.st_ino) or (place.is_copy and not is_copy)
        if is_same and place.offset <= status.st_size:
            return place.offset
        self.problems.append(f"{self._file(source)} was replaced or truncated; it is shown from its beginning")
        del self._places[source]
        return 0

    def _within(self, offset: int, size: int) -> int:
        """Return where to begin if there may be too much from an offset on."""
        lowest = max(0, size - self._most) if self._most is not None else 0
        self.has_skipped = self.has_skipped or offset < lowest
        return max(offset, lowest)

    def _note(self, source: Source, problem: str) -> None:
        if source not in self._told and len(self._told) < PROBLEMS_MAX:
            self.problems.append(problem)
        self._told.add(source)


def _open_output(path: Path) -> BinaryIO:
    """Open a file that a program prints to. Raises OSError, also for a link, pipe or device in its place."""
    if path.is_symlink():
        raise OSError("is a link, not a file")
    return files.open_for_reading(path)


def _is_filled(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _start_of_last_lines(file: BinaryIO, size: int, lines: int, lowest: int = 0) -> int:
    """Return where the last lines of a file begin, but no less than `lowest`; reads only these lines, and a piece."""
    end, breaks = size, 0
    while end > lowest and lines > 0:
        start = max(lowest, end - CHUNK_BYTES)
        file.seek(start)
        piece = file.read(end - start)
        # The newline that ends the file begins no line.
        place = len(piece) - 1 if end == size else len(piece)
        while (place := piece.rfind(b"\n", 0, place)) >= 0:
            breaks += 1
            if breaks == lines:
                return start + place + 1
        end = start
    return lowest if lines > 0 else size


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces. Raises OSError, also for a pipe or a device."""
    with files.open_for_reading(path) as file:
        while data := file.read(CHUNK_BYTES):
            yield data
