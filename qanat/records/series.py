"""The files of series that programs leave in their storage directories, read while they grow.

A reader takes no lock and never waits for a writer: it takes the whole lines that are there, and keeps the beginning of
a further one for its next call.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.domain.csv_lines import CsvLines
from qanat.domain.curves import VALUES_MAX, Summing, TooManyValues, collected
from qanat.domain.json_lines import JsonLines
from qanat.domain.measured import CurveSummary
from qanat.domain.series import Parser, Points
from qanat.errors import reason
from qanat.system import below

BLOCK_BYTES = 65_536  # larger ones do not fit into the caches of a processor and take longer
LINE_BYTES_MAX = 2**20
FILE_BYTES_MAX = 512 * 2**20
_NOT_READ_AGAIN = (
    f"has more than {VALUES_MAX:,} values of curves whose steps go back; "
    "their least and greatest values may be ones that were written again"
)


@dataclass(frozen=True, slots=True)
class Sum:
    """What the curves of a file came to, and its digest, which is empty if not all of it could be read.

    `names` are those in the file, also of what was not asked for; `problems` are predicates of the file.
    """

    curves: Mapping[str, CurveSummary]
    digest: str
    names: Sequence[str]
    problems: Sequence[str]


def sum_up(folder: Path, name: str, keys: Sequence[str] = ()) -> Sum:
    """Return what the curves of a file in a directory came to, whose program has ended.

    With keys, only those of these names.
    """
    reader, summing, problems = SeriesReader(folder, name, keys), Summing(), []
    for block in reader.read_new(ended=True):
        summing.add(block)
    if summing.unordered:
        try:
            again = collected(SeriesReader(folder, name, keys).read_new(ended=True), summing.unordered)
        except TooManyValues:
            again, problems = {}, [_NOT_READ_AGAIN]
        for unordered, curve in again.items():
            summing.complete(unordered, curve)
    return Sum(summing.summaries(), reader.digest(), reader.names(), [*reader.problems(), *problems])


class SeriesReader:
    """Reads the points that have been written to a file in a directory since the last call.

    No symbolic link is followed from the directory on, since a clone may bring some. The file may not exist yet. If it
    is replaced or truncated, it is read from its beginning again, and `restarts` has increased. With `keys`, only these
    names are read.
    """

    def __init__(self, folder: Path, name: str, keys: Sequence[str] = ()) -> None:
        self.path = folder / name
        self._place = folder, name
        self.restarts = 0
        self._keys = keys
        self._begin()

    def _begin(self) -> None:
        self.offset = 0
        self._file: tuple[int, int] | None = None
        self._skips = False  # whether the beginning of a line that is too long has been skipped
        self._problem = ""
        self._hash = hashlib.sha256()  # of what comes before the offset
        self._is_whole = False
        self._parser: Parser = (CsvLines if self.path.name.endswith(".csv") else JsonLines)(self._keys)

    def read_new(self, *, ended: bool = False) -> Iterator[list[Points]]:
        """Yield the points of the lines since the last call, block by block, each name once in a block.

        What cannot be read is not an error, but is in problems(). If the program has `ended`, so has the last line.
        """
        self._problem, self._is_whole = "", False
        try:
            with below.open_file(*self._place) as file:
                status = os.fstat(file.fileno())
                self._check_file((status.st_dev, status.st_ino), status.st_size)
                yield from self._read(file, min(status.st_size, FILE_BYTES_MAX), ended=ended)
                self._is_whole = ended and status.st_size <= FILE_BYTES_MAX
                if status.st_size > FILE_BYTES_MAX:
                    self._problem = f"is larger than {FILE_BYTES_MAX // 2**20} MiB, and the rest was left out"
        except FileNotFoundError:
            return
        except OSError as error:
            self._problem = reason(error)

    def size_bytes(self) -> int:
        """Return the size of the file now; 0 if it cannot be read."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def names(self) -> list[str]:
        """List the names in the file so far, also of what is not to be read."""
        return self._parser.names()

    def digest(self) -> str:
        """Return the digest of the file; empty unless the program has ended and all of the file was read."""
        return self._hash.hexdigest() if self._is_whole else ""

    def problems(self) -> list[str]:
        """List what could not be read so far, each as a predicate of the file."""
        return [what for what in (self._problem, *self._parser.left_out()) if what]

    def _check_file(self, file: tuple[int, int], size: int) -> None:
        if self._file is not None and (self._file != file or size < self.offset):
            self.restarts += 1
            self._begin()
        self._file = file

    def _read(self, file: BinaryIO, end: int, *, ended: bool) -> Iterator[list[Points]]:
        file.seek(self.offset)
        place, rest = self.offset, b""
        while place < end and (data := file.read(min(BLOCK_BYTES, end - place))):
            place += len(data)
            data = rest + data
            lines, rest = self._whole_lines(data)
            self._hash.update(data[: len(data) - len(rest)])
            self.offset = place - len(rest)
            if lines:
                yield self._parser.parse(lines)
        if ended and (rest or self._skips):
            self._hash.update(rest)
            self.offset, self._skips = place, False
            yield self._parser.parse_end(rest)

    def _whole_lines(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the whole lines in data, and the beginning of the next; one that is too long is skipped."""
        if self._skips:
            start = data.find(b"\n") + 1
            if not start:
                return b"", b""
            self._skips = False
            self._parser.skip()
            data = data[start:]
        end = data.rfind(b"\n") + 1
        lines, rest = data[:end], data[end:]
        self._skips = len(rest) > LINE_BYTES_MAX
        return lines, b"" if self._skips else rest
