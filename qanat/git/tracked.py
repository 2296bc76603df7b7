"""Which files git tracks at given places, and which it ignores there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from qanat.git import command
from qanat.git.location import Location

# Beyond this many folders, all files are listed.
_FOLDERS_MAX = 200
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
# No rule for particular kinds of files is meant by this name.
_ANY_FILE = "qanat-any-file"


def files_in(location: Location, folders: Sequence[Path]) -> dict[Path, str]:
    """Map each of these folders in which git tracks files to one of them, relative to the root."""
    inside = {f.relative_to(location.root).as_posix(): f for f in folders if f.is_relative_to(location.root)}
    if not inside:
        return {}
    wanted = list(inside) if len(inside) <= _FOLDERS_MAX else []
    found: dict[Path, str] = {}
    for path in _listed(location, wanted):
        pure = PurePosixPath(path)
        for folder in (pure, *pure.parents):
            if str(folder) in inside:
                found.setdefault(inside[str(folder)], path)
    return found


def below(location: Location, folder: str) -> list[str]:
    """List the files below a folder, given by its path from the root, that git tracks, also if none is checked out."""
    return _listed(location, [folder])


def outside(location: Location, folders: Sequence[str]) -> list[str]:
    """List the files that git tracks, by their paths from the root, except those below these folders."""
    excluded = (f":(top,exclude,literal){folder}" for folder in folders)
    printed = command.output(location.root, "ls-files", "-z", "--", ":(top)", *excluded)
    return [path for path in os.fsdecode(printed).split("\0") if path]


def at(location: Location, commit: str | None, paths: Sequence[Path]) -> list[str]:
    """List those of these files, by their paths from the root, that a commit has."""
    wanted = [path.relative_to(location.root).as_posix() for path in paths]
    if commit is None or not wanted:
        return []
    folders = list(dict.fromkeys(path.rpartition("/")[0] + "/" for path in wanted))
    limited = folders if len(folders) <= _FOLDERS_MAX and "/" not in folders else []
    printed = command.output(location.root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *limited)
    there = set(os.fsdecode(printed).split("\0"))
    return [path for path in wanted if path in there]


def links_to(location: Location, path: str) -> str:
    """Return the first symbolic link on the way to a path (from the root) that git tracks; empty if there is none."""
    parts = PurePosixPath(path).parts
    ways = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    links = [way for way in ways if os.path.islink(location.root / way)]  # noqa: PTH114  # accepts any path
    # What lies behind a link is not in this repository.
    return next(iter(_listed(location, links[:1])), "") if links else ""


def links(location: Location) -> list[str]:
    """List the symbolic links that git tracks, by their paths from the root."""
    printed = command.output(location.root, "ls-files", "-z", "--stage")
    entries = (entry.partition("\t") for entry in os.fsdecode(printed).split("\0"))
    return [path for mode, _, path in entries if mode.startswith("120000 ")]


def left_out(location: Location, folder: str) -> str:
    """Return what a sparse checkout leaves out below a folder: the first file or folder; empty if it is complete."""
    printed = command.output(location.root, "ls-files", "-z", "-t", "--sparse", "--", folder, env=_LITERAL)
    entries = os.fsdecode(printed).split("\0")
    return next((entry[2:] for entry in entries if entry.startswith(("S ", "s "))), "")


def with_marks(location: Location, marks: Sequence[bytes], patterns: Sequence[str]) -> list[str]:
    """List the files with one of these texts, tracked or not, but not ignored, by patterns of names."""
    words = [word for mark in marks for word in ("-e", os.fsdecode(mark))]
    found = command.call(location.root, "grep", "-lzF", "--untracked", "--no-color", *words, "--", *patterns)
    if found.status not in (0, 1):
        raise command.refused("git grep", found)
    return [path for path in os.fsdecode(found.out).split("\0") if path]


def ignores(location: Location, folder: str) -> bool:
    """Return whether git ignores whatever is created in a folder, given by its path from the root."""
    return command.call(location.root, "check-ignore", "--quiet", "--", f"{folder}/{_ANY_FILE}").status == 0


def _listed(location: Location, paths: Sequence[str]) -> list[str]:
    printed = command.output(location.root, "ls-files", "-z", "--", *paths, env=_LITERAL)
    return [path for path in os.fsdecode(printed).split("\0") if path]
