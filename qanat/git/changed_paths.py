"""Which of some paths differ between a commit and another one, or the working tree."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from qanat.domain.layout import is_inside
from qanat.errors import GitRefused
from qanat.git import checkout, command, content
from qanat.git.location import Location

_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"}
# Linux refuses a program an argument of 128 KiB, and arguments of 2 MiB in all.
_ARGUMENTS_MAX = 100_000
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
    # Without them, git lists all that differ.
    limits = known.values() if sum(len(os.fsencode(path)) for path in known) < _ARGUMENTS_MAX else ()
    try:
        out = command.output(location.root, "diff", *_OPTIONS, commit, "--", *limits, env=_ENVIRONMENT)
    except GitRefused:
        if checkout.has_commit(location, commit):
            raise
        return None
    above = _with_folders(field.decode("utf-8", "surrogateescape") for field in out.split(b"\0") if field)
    return frozenset(path for path, plain in known.items() if plain in above)


def _with_folders(files: Iterable[str]) -> set[str]:
    return {str(place) for file in files for place in (PurePosixPath(file), *PurePosixPath(file).parents)}
