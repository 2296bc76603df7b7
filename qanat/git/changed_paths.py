"""Which of some paths differ between a commit and another one, or the working tree."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from qanat.domain.layout import is_inside
from qanat.errors import GitRefused
from qanat.git import checkout, command, content
from qanat.git.head_size import FILES_MAX
from qanat.git.location import Location
from qanat.git.tree_diff import PATH_BYTES_MAX

_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"}
# Linux refuses a program arguments of 2 MiB in all.
_PATHS_MAX = 250
_OPTIONS = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=dirty")


def changed(location: Location, old: str, new: str | None, paths: Collection[str]) -> frozenset[str] | None:
    """Return those of these files and folders that differ between two commits; `new` None is the working tree.

    What git does not track never differs. None if a commit is missing. Raises GitRefused if git fails otherwise.
    """
    known = {path: str(PurePosixPath(path)) for path in paths if is_inside(path) and "\0" not in path}
    known = {path: plain for path, plain in known.items() if plain != "."}
    if not known:
        return frozenset()
    if new is None:
        return _changed_since(location, old, known)
    try:
        sides = [content.entries(location, commit, known.values()) for commit in (old, new)]
    except (KeyError, ValueError):
        return None
    # git would list all that differ in a folder, which may be more than any disk has.
    return frozenset(path for path, plain in known.items() if sides[0][plain] != sides[1][plain])


def _changed_since(location: Location, commit: str, known: Mapping[str, str]) -> frozenset[str] | None:
    """Return those of these paths, mapped to plain ones, that differ between a commit and the working tree."""
    # Such folders would be listed file by file, and no working tree can have them.
    beyond = {plain for plain in {*known.values()} if _is_beyond_disks(location, commit, plain)}
    limits = [plain for plain in {*known.values()} - beyond if len(os.fsencode(plain)) <= PATH_BYTES_MAX]
    found: list[bytes] = []
    try:
        for start in range(0, len(limits), _PATHS_MAX):
            some = limits[start : start + _PATHS_MAX]
            out = command.output(location.root, "diff", *_OPTIONS, commit, "--", *some, env=_ENVIRONMENT)
            found += filter(None, out.split(b"\0"))
    except GitRefused:
        if checkout.has_commit(location, commit):
            raise
        return None
    above = _with_folders(field.decode("utf-8", "surrogateescape") for field in found) | beyond
    return frozenset(path for path, plain in known.items() if plain in above)


def _is_beyond_disks(location: Location, commit: str, path: str) -> bool:
    found = content.at(location, commit, path)
    return found is not None and (found.files > FILES_MAX or len(os.fsencode(path)) > PATH_BYTES_MAX)


def _with_folders(files: Iterable[str]) -> set[str]:
    return {str(place) for file in files for place in (PurePosixPath(file), *PurePosixPath(file).parents)}
