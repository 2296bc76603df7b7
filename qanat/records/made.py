"""Notes on the directories that qanat made, which prove later that it may remove them.

They lie in the repository's private folder, where no clone and no pull request brings anything: one file per
directory, named after the run or the checkout that it was made for. A note contains its own inode, so that one that
was copied with the repository, or restored from a backup, proves nothing about the directories there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import write_failed
from qanat.system import files
from qanat.system.folders import FolderId

if TYPE_CHECKING:
    from qanat.system.removal import Removal

FOLDER = "made"
TRASHES = "trashes"
_CHOSEN = ".chosen"


@dataclass(frozen=True, slots=True)
class Made:
    """A directory as it was when qanat made it; not `is_new`: the user had, and it was empty.

    `experiment` is that of the run that it was made for. Devices are numbered again at a restart, and differently on
    each machine: `same_numbers` is whether the note's own device still has the number that it had.
    """

    path: Path
    folder: FolderId
    is_new: bool = True
    experiment: str = ""
    same_numbers: bool = True

    def is_this(self, now: FolderId) -> bool:
        """Return whether a directory that was found is this very one."""
        same = (now.inode, now.owner) == (self.folder.inode, self.folder.owner)
        return same and (now.device == self.folder.device or not self.same_numbers)


class Notes:
    """The notes in the private folder of a repository, and who may use what is created there."""

    def __init__(self, private: Path, sharing: Sharing = UNSHARED) -> None:
        self._private, self._sharing = private, sharing

    def write(self, key: str, made: Made, *, chosen: bool = False) -> None:
        """Note what was made for a run or a checkout, and whether the user has chosen the place. Raises WriteFailed."""
        content = {"path": self._stored(made.path), **_fields(made.folder), "new": made.is_new}
        content |= {"experiment": made.experiment}
        self._write(self._private / FOLDER / (f"{key}{_CHOSEN}" if chosen else key), content)

    def read(self, key: str) -> Made | None:
        """Return what was made for a run or a checkout; None if this user's qanat made nothing here."""
        content = _read(self._private / FOLDER / key) or _read(self._private / FOLDER / f"{key}{_CHOSEN}")
        try:
            same_numbers = content["on"] == content["note_device"]
            path, is_new = self._full(content["path"]), content["new"] is True
            return Made(path, _folder(content), is_new, str(content["experiment"]), same_numbers)
        except (KeyError, TypeError, ValueError):
            return None

    def forget(self, key: str) -> None:
        """Remove a note."""
        for name in (key, f"{key}{_CHOSEN}"):
            with suppress(OSError):
                (self._private / FOLDER / name).unlink()

    def all(self) -> Iterator[tuple[str, Made]]:
        """Yield what was made for each run and checkout."""
        for key in dict.fromkeys(name.removesuffix(_CHOSEN) for name in _names(self._private / FOLDER)):
            if made := self.read(key):
                yield key, made

    def chosen(self) -> Iterator[tuple[str, Made]]:
        """Yield the notes on directories whose places users have chosen, with the ids of their runs."""
        for name in _names(self._private / FOLDER):
            key = name.removesuffix(_CHOSEN)
            if key != name and (made := self.read(key)):
                yield key, made

    def begin_removal(self, removal: Removal) -> None:
        """Note a removal, so that another command can finish it. Raises WriteFailed."""
        trash = _fields(removal.trash_folder) if removal.trash_folder else None
        content = {"path": self._stored(removal.path), **_fields(removal.folder), "trash": trash}
        self._write(self.claim_of(removal), content)

    def claim_of(self, removal: Removal) -> Path:
        """Return the note of a removal, locked by the process that removes the directory."""
        return self._private / TRASHES / removal.trash

    def end_removal(self, removal: Removal) -> None:
        """Forget a removal that is complete."""
        with suppress(OSError):
            self.claim_of(removal).unlink()

    def removals(self) -> Iterator[Removal]:
        """Yield the removals that were begun and not completed."""
        for name in _names(self._private / TRASHES):
            content = _read(self._private / TRASHES / name)
            with suppress(KeyError, TypeError, ValueError):
                trash = _folder(content["trash"]) if content["trash"] else None
                from qanat.system.removal import Removal  # only for a removal that was cut short

                yield Removal(self._full(content["path"]), _folder(content), name, trash)

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        """Write a note in place, since its inode is in it. Raises WriteFailed."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            try:
                descriptor = os.open(path, flags, 0o666)
            except FileNotFoundError:
                files.make_folder(path.parent, self._sharing)
                descriptor = os.open(path, flags, 0o666)
            try:
                own = os.fstat(descriptor)
                line = {"note": own.st_ino, "note_device": own.st_dev, **content}
                os.write(descriptor, json.dumps(line).encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise write_failed(path, error) from None

    def _stored(self, path: Path) -> str:
        """Return a path as it is noted: relative inside the project, which may move as a whole."""
        top = self._private.parent.parent
        return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)

    def _full(self, stored: str) -> Path:
        return self._private.parent.parent / stored


def _fields(folder: FolderId) -> dict[str, int]:
    return {"device": folder.device, "inode": folder.inode, "owner": folder.owner}


def _folder(content: dict[str, Any]) -> FolderId:
    return FolderId(int(content["device"]), int(content["inode"]), int(content["owner"]))


def _read(path: Path) -> dict[str, Any]:
    """Return a note of this user, and in `on` the device that it is on; empty if there is none, or it is a copy."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        found = os.fstat(descriptor)
        content = json.loads(os.read(descriptor, 65_536))
    except (OSError, ValueError, RecursionError):
        return {}
    finally:
        os.close(descriptor)
    own = isinstance(content, dict) and content.get("note") == found.st_ino and found.st_uid == os.geteuid()
    return {**content, "on": found.st_dev} if own else {}


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # three times as fast as Path.iterdir
    except OSError:
        return []
