"""The files of runs that an export takes: from directories that qanat made, and through no symbolic link."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from qanat.domain.checkpoint import left_out
from qanat.domain.layout import group_folder, group_path
from qanat.domain.outputs import PRINTED
from qanat.domain.path_patterns import PathPatterns, path_patterns
from qanat.domain.run import Run
from qanat.domain.shortening import QUOTED_MAX, shortened
from qanat.errors import reason
from qanat.records import manifest, storage
from qanat.records.manifest import TooManyFiles
from qanat.system import folders

BLOCK_BYTES = 2**20
# Without the files of this machine, so that a name has the same type everywhere.
_KNOWN = mimetypes.MimeTypes(filenames=())
BINARY = "application/octet-stream"
# What Python's list of types lacks, or has only on some machines.
_TYPES = {
    ".jsonl": "application/jsonl",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".log": "text/plain",
    ".webp": "image/webp",
    ".parquet": "application/vnd.apache.parquet",
}
_TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that a group left, by its path in the directory of the group; `sha256` is what the run has recorded."""

    group: int
    path: str
    size: int
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The path as text that every program can write: bytes that are not UTF-8 are spelled out."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def media_type(self) -> str:
        """What its name says of its content."""
        path = PurePosixPath(self.name)
        if path.name in PRINTED:
            return _TEXT
        known, encoding = _KNOWN.guess_type(path.name)
        if encoding:
            return f"application/{encoding}" if encoding == "gzip" else BINARY
        return _TYPES.get(path.suffix.lower()) or known or BINARY


@dataclass(frozen=True, slots=True)
class Copy:
    """What was copied of a file."""

    bytes: int
    sha256: str


@dataclass
class Results:
    """The files of a run, in a `folder` without links; None if they are not here.

    `wanted` chooses among all that the groups left, also among what they printed; without patterns, what they printed
    is left out. `generated` are names of files that are about the run itself. `notes` says what could not be taken,
    `has_any` whether of() has found any file so far.
    """

    run: Run
    folder: Path | None
    wanted: Sequence[str] = ()
    generated: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    has_any: bool = False

    def of(self, number: int) -> list[ResultFile]:
        """List the files of a group that has ended, ordered by name."""
        group = self.run.groups[number]
        if self.folder is None or not group.state.ended:
            return []
        own = group_folder(self.folder, number, len(self.run.groups))
        try:
            left = manifest.left_in(own, self._no_outputs, manifest.FILES_MAX)
        except TooManyFiles:
            self._note(number, f"there are more than {manifest.FILES_MAX:,} files")
            return []
        except OSError as error:
            if group.has_run:
                is_gone = isinstance(error, FileNotFoundError)
                self._note(number, "its results are not here" if is_gone else reason(error))
            return []
        for folder, why in left.unreadable.items():
            self._note(number, f"{shortened(folder, QUOTED_MAX)} cannot be read: {why}")
        recorded = (manifest.read(own, group.outputs) if group.outputs else None) or {}
        if gone := sorted(recorded.keys() - left.sizes.keys()):
            self._note(number, f"{shortened(gone[0], QUOTED_MAX)}{' and others' * (len(gone) > 1)}: no longer here")
        found = []
        for path, size in left.sizes.items():
            if not self.wanted or is_match(self._patterns, path):
                known = recorded.get(path)
                file = ResultFile(number, path, size, known.sha256 if known else None)
                if known and known.size != size:
                    self._note_changed(file)
                found.append(file)
        self.has_any |= bool(found)
        return found

    def check(self, files: Iterable[ResultFile]) -> None:
        """Note which of these files have another content than the run recorded."""
        for file in files:
            if file.sha256:
                with Path(os.devnull).open("wb") as nowhere:
                    self.copy(file, nowhere)

    def copy(self, file: ResultFile, target: BinaryIO) -> Copy | None:
        """Copy a file, in blocks; None, with a note, if it cannot be read. It has at most the size that it had.

        Raises OSError if the target cannot be written.
        """
        assert self.folder is not None  # noqa: S101  # whose files are listed
        own = group_folder(self.folder, file.group, len(self.run.groups))
        try:
            with ExitStack() as stack:
                source = _readable(stack, own, file.path)
                return self._copied(file, source, target)
        except _Unreadable as error:
            self._note(file.group, f"{shortened(file.name, QUOTED_MAX)} cannot be read: {error}")
            return None

    def place(self, file: ResultFile) -> str:
        """Return the path of a file among those of all runs: `run_4-7f3a9c/group_0/model.pt`."""
        return f"{group_path(f'run_{self.run.id}', file.group, len(self.run.groups))}/{file.name}"

    def _copied(self, file: ResultFile, source: BinaryIO, target: BinaryIO) -> Copy:
        digest, left = hashlib.sha256(usedforsecurity=False), file.size
        while left:
            try:
                block = source.read(min(left, BLOCK_BYTES))
            except OSError as error:
                raise _Unreadable(reason(error)) from None
            if not block:
                break
            target.write(block)
            digest.update(block)
            left -= len(block)
        found = digest.hexdigest()
        if left or (file.sha256 and found != file.sha256):
            self._note_changed(file)
        return Copy(file.size - left, found)

    @cached_property
    def _no_outputs(self) -> frozenset[str]:
        own = storage.GENERATED_FILES if self.wanted else storage.NO_OUTPUTS
        return own | self.generated | left_out(self.run.checkpoint)

    @cached_property
    def _patterns(self) -> PathPatterns:
        return path_patterns(self.wanted)

    def _note_changed(self, file: ResultFile) -> None:
        self._note(file.group, f"{shortened(file.name, QUOTED_MAX)} has changed since the run recorded it")

    def _note(self, number: int, what: str) -> None:
        group = f".{number}" if len(self.run.groups) > 1 else ""
        self.notes.append(f"run {self.run.number}{group}: {what}")


class _Unreadable(Exception):
    """A file of a run cannot be read."""


def _readable(stack: ExitStack, folder: Path, path: str) -> BinaryIO:
    try:
        return stack.enter_context(folders.opened_file(folder, path))
    except OSError as error:
        raise _Unreadable(reason(error)) from None


def is_match(patterns: PathPatterns, path: str) -> bool:
    """Return whether the path of a file matches patterns."""
    *parents, name = path.split("/")
    for parent in parents:
        patterns = patterns.inside(parent)
    return patterns.match(name)
