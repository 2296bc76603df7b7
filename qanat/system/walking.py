"""Files below an open directory, opened one after the other: through no symbolic link, and within a limit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from qanat.system import folders

DEPTH_MAX = 16


class Wanted(Protocol):
    """What is looked for in a folder: names of files, and folders that may have some."""

    def __bool__(self) -> bool:
        """Return whether there may be anything."""
        ...

    def match(self, name: str) -> bool:
        """Return whether a file with this name is wanted."""
        ...

    def inside(self, name: str) -> Wanted:
        """Return what is looked for in a folder with this name."""
        ...


@dataclass(slots=True)
class Entries:
    """How many entries of folders may still be looked at; `are_left_out` says if there were more."""

    left: int
    are_left_out: bool = False

    def take(self) -> bool:
        """Count an entry; return whether it may be looked at."""
        self.are_left_out = self.are_left_out or self.left <= 0
        self.left -= 1
        return self.left >= 0


def walk(folder: int, wanted: Wanted, entries: Entries, path: str = "") -> Iterator[tuple[str, BinaryIO]]:
    """Yield the wanted files below an open directory, in no order: their paths in it, and the files, open to read.

    Links, pipes and what cannot be read are passed over.
    """
    names: list[tuple[str, Wanted]] = []
    with suppress(OSError):
        listed = os.open(".", folders.LIST, dir_fd=folder)
        try:
            for name, is_folder in _listed(listed, entries):
                if is_folder:
                    inner = wanted.inside(name)
                    names += [(name, inner)] if inner else []
                elif wanted.match(name):
                    with suppress(OSError), folders.open_in(listed, name, name) as file:
                        yield f"{path}{name}", file
        finally:
            os.close(listed)
    for name, inner in names if path.count("/") < DEPTH_MAX else ():
        with suppress(OSError):
            descriptor = os.open(name, folders.PASS, dir_fd=folder)
            try:
                yield from walk(descriptor, inner, entries, f"{path}{name}/")
            finally:
                os.close(descriptor)


def _listed(folder: int, entries: Entries) -> Iterator[tuple[str, bool]]:
    """Yield the names of regular files and of folders, and whether they are folders."""
    with os.scandir(folder) as found:
        for entry in found:
            if not entries.take():
                return
            if entry.is_dir(follow_symlinks=False):
                yield entry.name, True
            elif entry.is_file(follow_symlinks=False):
                yield entry.name, False
