"""Which of some paths differ between a commit and another one, or the working tree."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from qanat.domain.layout import is_inside
from qanat.errors import GitRefused
from qanat.git import checkout, command
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
    commits = (old,) if new is None else (old, new)
    # Without them, git lists all that differ.
    limits = known.values() if sum(len(os.fsencode(path)) for path in known) < _ARGUMENTS_MAX else ()
    try:
        out = command.output(location.root, "diff", *_OPTIONS, *commits, "--", *limits, env=_ENVIRONMENT)
    except GitRefused:
        if all(checkout.has_commit(location, commit) for commit in commits):
            raise
        return None
    above = _with_folders(field.decode("utf-8", "surrogateescape") for field in out.split(b"\0") if field)
    return frozenset(path for path, plain in known.items() if plain in above)


def _with_folders(files: Iterable[str]) -> set[str]:
    return {str(place) for file in files for place in (PurePosixPath(file), *PurePosixPath(file).parents)}
