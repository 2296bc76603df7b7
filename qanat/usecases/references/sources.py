"""Where texts and what belongs to them are read: in the working tree, or in what is about to be committed."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Protocol

from qanat.system import below
from qanat.usecases.project import Project

SIZE_BYTES_MAX = 256 * 2**20


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text by its path from the root, and in LaTeX its file of values; `whole` if no other texts use that."""

    path: str
    data: bytes
    values: str = ""
    whole: bool = False

    @property
    def folder(self) -> str:
        """The folder of the text."""
        return posixpath.dirname(self.path)


class Sources(Protocol):
    """The files of a project in some state, by their paths from the root."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file; None if there is no such regular file."""


@dataclass(frozen=True, slots=True)
class WorkingTree(Sources):
    """The files in the working tree."""

    project: Project

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file. Raises InputInvalid if it cannot be read or is too large."""
        if not below.has_file(self.project.root, path):
            return None
        return below.read(self.project.root, path, SIZE_BYTES_MAX)
