"""Looking at data: what each dataset is now, as its definition says how to look at it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain import times
from qanat.domain.data import COMMAND, GIT, HASH, STAT, DataState
from qanat.domain.layout import STATE
from qanat.domain.long_work import tracked
from qanat.domain.visible import escaped
from qanat.errors import reason
from qanat.git import content
from qanat.system.scanning import Entry, LeftOut, Totals, scan
from qanat.usecases.data import versions
from qanat.usecases.data.bounds import Bounds, TooMuch
from qanat.usecases.project import Project

# Folders that tools keep for themselves, which change when the data do not.
_OF_TOOLS = frozenset({".git", ".dvc", STATE})
_LATEST_S = 253_402_300_799  # the last second that a timestamp can name


@dataclass(frozen=True, slots=True)
class Data:
    """Data to look at.

    `path` is where they are: a folder or file, or for a command maybe a URL. `inside` is their path from the root of
    the code of `commit`, whose files are there unchanged, or else `changed`; without a commit, nothing is known of the
    data from git. `command` is started in `folder`. With `bounds`, a look at too many data is given up.
    """

    name: str
    path: str
    track: str = STAT
    inside: str | None = None
    commit: str | None = None
    changed: bool = False
    command: str = ""
    folder: Path = Path()
    bounds: Bounds | None = None


def look(project: Project, data: Data) -> DataState:
    """Return what data are now.

    Data of the project that are in a commit as a whole are identified by it, since clones and checkouts give files
    other times. Data that cannot be read have a problem. Raises TooMuch for bounded data.
    """
    try:
        if data.track == COMMAND:
            return versions.of_command(data.name, data.command, data.path, data.folder)
        if data.track == HASH:
            return _hashed(project, data)
        if data.track == GIT:
            return _versioned(project, data)
        return _counted(project, data)
    except OSError as error:
        return DataState(data.name, data.track, problem=reason(error))


def look_within(project: Project, data: Data) -> DataState:
    """Return what data are now; those beyond their bounds have a problem."""
    try:
        return look(project, data)
    except TooMuch as much:
        return DataState(data.name, data.track, problem=f"{much}, outside of the project, which only runs look at")


def _counted(project: Project, data: Data, kept: list[Entry] | None = None) -> DataState:
    """Return how many files there are, or the commit that has them; with `kept`, keep what the scan finds there."""
    results = os.path.realpath(project.root / project.config.result_dir)
    totals = Totals()
    for entry in tracked(scan(Path(data.path), totals, LeftOut(_OF_TOOLS, {results})), f"files of {data.name} counted"):
        if data.bounds:
            data.bounds.check_files(totals.files)
        if kept is not None:
            kept.append(entry)
    known = _in_commit(project, data, totals)
    return DataState(
        name=data.name,
        track=GIT if known else STAT,
        files=totals.files,
        links=totals.links,
        bytes=totals.bytes,
        newest=None if known and not data.changed else _newest(totals),
        id=known,
        changed=bool(known) and data.changed,
        problem=_unreadable(totals),
    )


def _hashed(project: Project, data: Data) -> DataState:
    """Return the hash of data that no commit has."""
    from qanat.usecases.data import hashes  # most data are not hashed

    entries: list[Entry] = []
    state = _counted(project, data, entries)
    if state.id or state.problem:
        return state
    found, problem = hashes.hash_of(project, data.name, os.path.realpath(data.path), entries, data.bounds)
    return replace(state, track=HASH, id=found, problem=problem, newest=None if found else state.newest)


def _versioned(project: Project, data: Data) -> DataState:
    """Return the version of data that the project's commit, DVC or another repository has, and how they differ."""
    if (data.commit and data.inside) and (state := _counted(project, data)).id:
        return state
    # git looks at all files, too.
    counted = _counted(project, replace(data, commit=None)) if data.bounds else None
    version = versions.of_repository(data.name, Path(data.path))
    if version.problem or (version.files is version.bytes is None and not version.changed):
        return version
    now = counted or _counted(project, replace(data, commit=None))
    pairs = (version.files, now.files), (version.bytes, now.bytes)
    changed = version.changed or any(known not in (None, found) for known, found in pairs)
    return replace(now, track=GIT, id=version.id, changed=changed, newest=now.newest if changed else None)


def _in_commit(project: Project, data: Data, totals: Totals) -> str:
    """Return the id of data that the commit has, if nothing else is there; otherwise nothing."""
    if data.commit is None or data.inside is None or totals.unreadable:
        return ""
    found = content.at(project.location, data.commit, data.inside)
    return found.id if found and found.files == totals.files else ""


def _newest(totals: Totals) -> str | None:
    return times.from_epoch(min(max(totals.newest_ns / 1e9, 0), _LATEST_S)) if totals.files else None


def _unreadable(totals: Totals) -> str:
    if not totals.unreadable:
        return ""
    count = len(totals.unreadable)
    folder, why = next(iter(totals.unreadable.items()))
    return escaped(f"{'1 folder' if count == 1 else f'{count:,} folders'} cannot be read: {folder}: {why}")


def inside(root: Path, path: Path) -> str | None:
    """Return a path relative to a root, with slashes; None for the root itself, and outside, also behind a link."""
    with suppress(ValueError):
        found = Path(os.path.normpath(path)).relative_to(root).as_posix()
        if found != "." and os.path.realpath(path) == f"{os.path.realpath(root)}/{found}":
            return found
    return None
