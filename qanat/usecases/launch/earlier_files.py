"""The files of a group's earlier attempts, which are set aside in `attempts/<n>/` in its directory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from qanat.domain.completion import COMPLETION
from qanat.domain.sharing import Sharing
from qanat.errors import write_failed
from qanat.records import storage
from qanat.system import folders
from qanat.usecases.project import Project
from qanat.usecases.results import remove

# Files that belong to the run, not to one attempt of a group.
_STAYS = frozenset({storage.ATTEMPTS, storage.INFO, storage.GROUP_INFO, storage.PARAMETERS_FILES, storage.ACTIONS})


def set_aside(own: Path, attempt: int, sharing: Sharing, stays: frozenset[str] = frozenset()) -> None:
    """Move what an attempt of a group left, but what stays, to `attempts/<n>/` in it. Raises WriteFailed."""
    kept, names, there = _kept(own, attempt), list[str](), set[str]()
    try:
        folders.create(kept, sharing)
        there = _left_in(kept)
        # The completion file first: without it, no reader can take the old end for that of the new attempt.
        names = sorted(_left_in(own) - _STAYS - stays, key=lambda name: name != COMPLETION)
        folders.move(names, own, kept)
    except OSError as error:
        with suppress(OSError):  # all or nothing
            folders.move(sorted({*names} & (_left_in(kept) - there), key=lambda name: name == COMPLETION), kept, own)
        raise write_failed(kept, error) from None


def put_back(project: Project, own: Path, attempt: int) -> None:
    """Undo set_aside(): what has been written since, for an attempt that was not started, gives way."""
    kept = _kept(own, attempt)
    with suppress(OSError):
        names = sorted(_left_in(kept), key=lambda name: name == COMPLETION)
        for name in names:
            if (written := folders.identify(own / name)) and folders.identify(kept / name):
                remove.remove_folder(project, own / name, written)
        folders.move(names, kept, own, replace=True)
        made = (own / storage.ATTEMPTS, kept)
        folders.take_back([(path, found) for path in made if (found := folders.identify(path))])


def _kept(own: Path, attempt: int) -> Path:
    return own / storage.ATTEMPTS / str(attempt)


def _left_in(folder: Path) -> set[str]:
    with folders.opened(folder) as descriptor:
        return {entry.name for entry in folders.names_in(descriptor)}
