"""Looking at data: what each dataset is now, as its definition says how to look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import times
from qanat.domain.data import GIT, STAT, DataState
from qanat.domain.layout import STATE
from qanat.domain.long_work import tracked
from qanat.errors import reason
from qanat.git import content
from qanat.system.scanning import Entry, LeftOut, Totals, scan
from qanat.usecases.project import Project

# Folders that tools keep for themselves, which change when the data do not.
_OF_TOOLS = frozenset({".git", ".dvc", STATE})
_LATEST_S = 253_402_300_799  # the last second that a timestamp can name


@dataclass(frozen=True, slots=True)
class Data:
    """Data to look at: `path` is where they are, `inside` their path from the root of the code of `commit`.

    `commit` is the one whose files are there unchanged; without it, nothing is known of the data from git.
    """

    name: str
    path: Path
    track: str = STAT
    inside: str | None = None
    commit: str | None = None


def look(project: Project, data: Data) -> DataState:
    """Return what data are now.

    Data of the project that are in a commit as a whole are identified by it, since clones and checkouts give files
    other times. Data that cannot be read have a problem.
    """
    totals = Totals()
    try:
        for _ in tracked(_scanned(project, data, totals), f"files of {data.name} counted"):
            pass
    except OSError as error:
        return DataState(data.name, data.track, problem=reason(error))
    known = _in_commit(project, data, totals)
    return DataState(
        name=data.name,
        track=GIT if known else STAT,
        files=totals.files,
        links=totals.links,
        bytes=totals.bytes,
        newest=None if known else _newest(totals),
        id=known,
        problem=_unreadable(totals),
    )


def _scanned(project: Project, data: Data, totals: Totals) -> Iterator[Entry]:
    results = os.path.realpath(project.root / project.config.result_dir)
    return scan(data.path, totals, LeftOut(_OF_TOOLS, {results}))


def _in_commit(project: Project, data: Data, totals: Totals) -> str:
    """Return the id of data that the commit has, if nothing else is there; otherwise nothing."""
    if data.commit is None or data.inside is None or totals.unreadable:
        return ""
    found = content.at(project.location, data.commit, data.inside)
    return found.id if found and found.files == totals.files else ""


def _newest(totals: Totals) -> str | None:
    return times.from_epoch(min(max(totals.newest_ns / 1e9, 0), _LATEST_S)) if totals.files else None


def _unreadable(totals: Totals) -> str:
    count = len(totals.unreadable)
    what = "1 folder" if count == 1 else f"{count:,} folders"
    return f"{what} cannot be read: {totals.unreadable[0]}" if count else ""


def inside(root: Path, path: Path) -> str | None:
    """Return a path relative to a root, with slashes; None for one that is not inside, or is the root itself."""
    with suppress(ValueError):
        found = Path(os.path.normpath(path)).relative_to(root).as_posix()
        return None if found == "." else found
    return None
