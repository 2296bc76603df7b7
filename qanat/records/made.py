"""Notes on the directories that qanat made, which prove later that it may remove them.

They lie in the repository's private folder, where no clone and no pull request brings anything: one file per
directory, named after the run or the checkout that it was made for. One that was copied with the repository, or
restored from a backup, proves nothing about the directories there (records.own_notes).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.records import own_notes
from qanat.system.folders import FolderId

if TYPE_CHECKING:
    from qanat.system.removal import Removal

FOLDER = "made"
TRASHES = "trashes"
_CHOSEN = ".chosen"


@dataclass(frozen=True, slots=True)
class Made:
    """A directory as it was when qanat made it; not `is_new`: the user had, and it was empty.

    `experiment` is that of the run that it was made for; if that was not `launched`, it was imported. Devices are
    numbered again at a restart, and differently on each machine: `same_numbers` is whether the note's own device still
    has the number that it had.
    """

    path: Path
    folder: FolderId
    is_new: bool = True
    experiment: str = ""
    same_numbers: bool = True
    launched: bool = True

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
        content |= {"experiment": made.experiment} | ({} if made.launched else {"imported": True})
        own_notes.write(self._private / FOLDER / (f"{key}{_CHOSEN}" if chosen else key), content, self._sharing)

    def read(self, key: str) -> Made | None:
        """Return what was made for a run or a checkout; None if this user's qanat made nothing here."""
        content = own_notes.read(self._private / FOLDER / key) or own_notes.read(
            self._private / FOLDER / f"{key}{_CHOSEN}"
        )
        try:
            same_numbers = content["on"] == content["note_device"]
            path, is_new = self._full(content["path"]), content["new"] is True
            launched = "imported" not in content
            return Made(path, _folder(content), is_new, str(content["experiment"]), same_numbers, launched)
        except (KeyError, TypeError, ValueError):
            return None

    def has_launched(self, run_id: str) -> bool:
        """Return whether this user's qanat launched a run here: what its record starts was chosen by the user."""
        made = self.read(run_id)
        return made is not None and made.launched

    def forget(self, key: str) -> None:
        """Remove a note."""
        for name in (key, f"{key}{_CHOSEN}"):
            with suppress(OSError):
                (self._private / FOLDER / name).unlink()

    def all(self) -> Iterator[tuple[str, Made]]:
        """Yield what was made for each run and checkout."""
        for key in dict.fromkeys(name.removesuffix(_CHOSEN) for name in own_notes.names(self._private / FOLDER)):
            if made := self.read(key):
                yield key, made

    def chosen(self) -> Iterator[tuple[str, Made]]:
        """Yield the notes on directories whose places users have chosen, with the ids of their runs."""
        for name in own_notes.names(self._private / FOLDER):
            key = name.removesuffix(_CHOSEN)
            if key != name and (made := self.read(key)):
                yield key, made

    def begin_removal(self, removal: Removal) -> None:
        """Note a removal, so that another command can finish it. Raises WriteFailed."""
        trash = _fields(removal.trash_folder) if removal.trash_folder else None
        content = {"path": self._stored(removal.path), **_fields(removal.folder), "trash": trash}
        own_notes.write(self.claim_of(removal), content, self._sharing)

    def claim_of(self, removal: Removal) -> Path:
        """Return the note of a removal, locked by the process that removes the directory."""
        return self._private / TRASHES / removal.trash

    def end_removal(self, removal: Removal) -> None:
        """Forget a removal that is complete."""
        with suppress(OSError):
            self.claim_of(removal).unlink()

    def removals(self) -> Iterator[Removal]:
        """Yield the removals that were begun and not completed."""
        for name in own_notes.names(self._private / TRASHES):
            content = own_notes.read(self._private / TRASHES / name)
            with suppress(KeyError, TypeError, ValueError):
                trash = _folder(content["trash"]) if content["trash"] else None
                from qanat.system.removal import Removal  # only for a removal that was cut short

                yield Removal(self._full(content["path"]), _folder(content), name, trash)

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
