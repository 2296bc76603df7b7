"""Notes on results that are being removed, so that the records say so whatever happens meanwhile.

They lie in the repository's private folder (records.own_notes): a file for each command, with the runs, which its
process has claimed until it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.layout import REMOVALS
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.records import own_notes


@dataclass(frozen=True, slots=True)
class Removing:
    """When results were removed: of which runs, by the paths of their records from the root, and which directories."""

    name: str
    removed: str
    root: str
    folders: Mapping[str, str]


def place(private: Path, removing: Removing) -> Path:
    """Return the file of a note."""
    return private / REMOVALS / removing.name


def note(private: Path, removing: Removing, sharing: Sharing = UNSHARED) -> None:
    """Note what is about to be removed. Raises WriteFailed."""
    content = {"removed": removing.removed, "root": removing.root, "folders": dict(removing.folders)}
    own_notes.write(place(private, removing), content, sharing)


def forget(private: Path, removing: Removing) -> None:
    """Remove a note."""
    with suppress(OSError):
        place(private, removing).unlink()


def all_of(private: Path) -> Iterator[Removing]:
    """Yield the notes of this user."""
    for name in own_notes.names(private / REMOVALS):
        content = own_notes.read(private / REMOVALS / name)
        with suppress(KeyError, TypeError, AttributeError):
            folders = {str(path): str(folder) for path, folder in content["folders"].items()}
            yield Removing(name, str(content["removed"]), str(content["root"]), folders)
