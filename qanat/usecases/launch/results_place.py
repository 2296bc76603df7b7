"""The place of results: git ignores it whatever it is called and however it is linked."""

from __future__ import annotations

import os
import shlex
from pathlib import Path, PurePosixPath

from qanat.domain.layout import ignore_rule
from qanat.errors import InputInvalid
from qanat.git import excludes, worktree
from qanat.git.lock import Held
from qanat.usecases.project import Project


def keep_out_of_git(held: Held, project: Project, folder: Path) -> None:
    """Make git ignore the place of a storage directory, unless it does so already.

    The rule goes to the repository's own rules, since a changed `.gitignore` would make the working tree dirty. Raises
    WriteFailed.
    """
    if not folder.is_relative_to(project.root):
        return
    place = _place(project, folder.relative_to(project.root))
    is_link = (project.root / place).is_symlink()
    rule = ignore_rule(place)
    if excludes.has_any(held.location, [rule] if is_link else [rule, f"{rule}/"]):
        return
    if worktree.ignored(held.location, [place if is_link else f"{place}/file"]):
        return
    if worktree.is_tracked(held.location, place):
        if is_link or place != _result_dir(project):
            return
        # The user keeps files there, too.
        rule = f"{rule}/*/run_*"
    excludes.add(held, rule)


def _place(project: Project, folder: Path) -> str:
    """Return what is to be ignored for a storage directory: the folder for results, a link above it, or itself."""
    results = PurePosixPath(_result_dir(project))
    path = results if PurePosixPath(folder).is_relative_to(results) else PurePosixPath(folder)
    parts = [path, *path.parents][-2::-1]
    return str(next((part for part in parts if (project.root / part).is_symlink()), path))


def _result_dir(project: Project) -> str:
    return str(PurePosixPath(project.config.result_dir))


def check_link(project: Project) -> None:
    """Raise InputInvalid if the folder for results is a link to what does not exist."""
    place = project.root / _result_dir(project)
    if place.is_symlink() and not place.exists():
        target = str(place.readlink())
        raise InputInvalid(
            f"{_result_dir(project)} is a link to {target}, which does not exist",
            hint=f"create it: mkdir -p {shlex.quote(os.path.normpath(place.parent / target))}",
        )


def recorded(project: Project, folder: Path) -> Path:
    """Return a storage directory as its record names it: in the folder for results if it was created through that.

    Another clone may have a link of its own there.
    """
    return folder if folder.is_relative_to(project.root / _result_dir(project)) else folder.resolve()
