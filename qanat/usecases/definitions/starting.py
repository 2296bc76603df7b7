"""Checking what a project is to start with: that its definitions are valid, and that it replaces nothing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain.starting_point import StartingPoint
from qanat.errors import InputInvalid, UsageError
from qanat.git import command, location, tracked, worktree
from qanat.git.location import Location
from qanat.system import below, files
from qanat.usecases.checks import whole
from qanat.usecases.checks.everything import all_files
from qanat.usecases.checks.validate import validate
from qanat.usecases.definitions.initial_files import state_files
from qanat.usecases.project import Project

NAMED_MAX = 10
_ELSEWHERE = "use a new folder: qanat init DIR"


def check(start: StartingPoint, templates: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InputInvalid if a project of these files has problems that `qanat validate` would find.

    It is created in a temporary folder, without a commit.
    """
    with tempfile.TemporaryDirectory(prefix="qanat-") as name:
        root = Path(name, "project")
        root.mkdir()
        command.output(root, "init", "--quiet", "--template=")
        for path, data in {**state_files(root, "", "results", templates, None), **start.files}.items():
            below.write(root, path, data)
            if path in start.programs:
                files.make_executable(root / path)
        made = location.find(root)
        assert made is not None  # noqa: S101  # it has just been created
        project = Project(made)
        with project.index() as index:
            problems = [*validate(project, index, all_files(project)), *whole.problems(project)]
    if problems:
        raise InputInvalid(
            f"the starting point is not valid: {problems[0]}{_more(len(problems) - 1)}", hint="nothing was written"
        )


def _more(count: int) -> str:
    return f" (and {count} more)" if count else ""


def without_existing(
    folder: Path, start: StartingPoint, merged: Iterable[str], *, keep: bool
) -> tuple[StartingPoint, list[str]]:
    """Return the files of a starting point that a folder lacks or has alike, and the others if they are to be kept.

    Files in `merged` are not looked at. Raises UsageError if others exist, unless with `keep`, and if a folder or a
    link is in the place of a file, or a file in the place of a folder.
    """
    paths = [path for path in start.files if path not in merged]
    odd = [path for path in paths if _is_in_the_way(folder, path)]
    if odd:
        raise UsageError(f"{_listed(odd)} cannot be written: a folder, a file or a link is in the way", hint=_ELSEWHERE)
    lost = set(_removed(location.find(folder), folder, paths))
    there = [path for path in paths if path in lost or not _is_missing_or_alike(folder, path, start.files[path])]
    if there and not keep:
        verb = "exists" if len(there) == 1 else "exist"
        hint = f"{_ELSEWHERE}; or keep yours in place of these with: --keep"
        raise UsageError(f"{_listed(there)} already {verb}; nothing was written", hint=hint)
    return replace(start, files={path: data for path, data in start.files.items() if path not in there}), there


def _listed(paths: list[str]) -> str:
    return ", ".join(paths[:NAMED_MAX]) + (f" and {len(paths) - NAMED_MAX} more" if len(paths) > NAMED_MAX else "")


def _is_in_the_way(folder: Path, path: str) -> bool:
    place = folder / path
    above = [folder / way for way in list(PurePosixPath(path).parents)[:-1]]
    if any(os.path.lexists(way) and (way.is_symlink() or not way.is_dir()) for way in above):
        return True
    return place.is_symlink() or (os.path.lexists(place) and not place.is_file())


def _is_missing_or_alike(folder: Path, path: str, data: bytes) -> bool:
    if not os.path.lexists(folder / path):
        return True
    with contextlib.suppress(InputInvalid):
        return below.read(folder, path) == data
    return False


def _removed(found: Location | None, folder: Path, paths: list[str]) -> Iterator[str]:
    """Yield those files that git has and the working tree lacks, as after `rm`: they are the user's, too."""
    if found is not None:
        lacking = [folder / path for path in paths if not os.path.lexists(folder / path)]
        yield from tracked.at(found, worktree.head(found), lacking)
