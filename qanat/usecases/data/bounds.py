"""How much of data outside of the project is looked at before a run: their paths may be a stranger's, such as `/`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.sizes import size
from qanat.usecases.project import Project


class TooMuch(Exception):
    """There are more data than a bounded look takes; the text says how many."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many files are counted, and how many bytes are read whose hashes are not known yet."""

    files: int
    hashed_bytes: int

    def check_files(self, count: int) -> None:
        """Raise TooMuch if there are too many files."""
        if count > self.files:
            raise TooMuch(f"more than {self.files:,} files")

    def check_bytes(self, count: int) -> None:
        """Raise TooMuch if too many bytes would be read."""
        if count > self.hashed_bytes:
            raise TooMuch(f"more than {size(self.hashed_bytes)} to hash")


# For data that nobody asked for, and for those that somebody named, or wants to know what a run would do with.
UNASKED = Bounds(100_000, 512 * 2**20)
ASKED = Bounds(500_000, 8 * 10**9)


def outside_of(project: Project, path: str, bounds: Bounds | None) -> Bounds | None:
    """Return these bounds for a path that leads out of the project; None for one in it, whose size is its owner's."""
    root, real = os.path.realpath(project.root), os.path.realpath(path)
    return None if Path(real).is_relative_to(root) else bounds
