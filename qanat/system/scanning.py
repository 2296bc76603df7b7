"""What is below a path, from one look at each entry: nothing is opened but folders, and no link is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qanat.errors import reason

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

# The path of a file, a link or anything else but a folder, relative to what is scanned, and its lstat().
Entry = tuple[str, os.stat_result]


@dataclass(slots=True)
class Totals:
    """What scan() has seen: `unreadable` has why folders could not be read, by their paths."""

    files: int = 0
    links: int = 0
    bytes: int = 0
    newest_ns: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)

    def add(self, found: os.stat_result) -> None:
        """Count an entry."""
        self.files += 1
        self.links += stat.S_ISLNK(found.st_mode)
        self.bytes += found.st_size
        self.newest_ns = max(self.newest_ns, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Folders that a scan leaves out: those with one of these names, and those at one of these absolute paths."""

    names: Collection[str] = ()
    paths: Collection[str] = ()


def scan(path: Path, totals: Totals, left_out: LeftOut) -> Iterator[Entry]:
    """Yield what is at a path, which may be a link itself, and below it, and add it to totals.

    Raises OSError if the path itself cannot be read; a folder below it that cannot be read is noted in totals.
    """
    top = os.path.realpath(path)
    if not stat.S_ISDIR((found := os.stat(top)).st_mode):  # noqa: PTH116  # one way for all paths here
        totals.add(found)
        yield "", found
        return
    os.close(os.open(top, _FOLDER))
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            yield from _in_folder(top, folder, waiting, totals, left_out)
        except OSError as error:
            totals.unreadable[folder.rstrip("/")] = reason(error)


def _in_folder(top: str, folder: str, waiting: list[str], totals: Totals, left_out: LeftOut) -> Iterator[Entry]:
    """Yield what a folder has but folders; those are added to the waiting ones."""
    # By a descriptor, looking at an entry does not walk down its whole path.
    descriptor = os.open(f"{top}/{folder.rstrip('/')}", _FOLDER | (os.O_NOFOLLOW if folder else 0))
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:  # removed meanwhile
                        continue
                    totals.add(found)
                    yield f"{folder}{entry.name}", found
                elif entry.name not in left_out.names and f"{top}/{folder}{entry.name}" not in left_out.paths:
                    waiting.append(f"{folder}{entry.name}/")
    finally:
        os.close(descriptor)
