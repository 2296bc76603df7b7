"""Data that no clone of the repository has: each machine has its own copy of them, or none."""

from __future__ import annotations

import os

from qanat.domain.data_paths import is_in_project, is_url
from qanat.git import tracked, worktree
from qanat.git.location import Location


def why_not_in_clones(location: Location, path: str) -> str:
    """Return why clones do not have the data at a dataset's path, as a clause; empty if git is meant to have them."""
    if is_url(path):
        return ""
    if not is_in_project(path):
        return "it is outside of the repository"
    inside = os.path.normpath(path)
    # A rule for folders, such as `data/`, does not match a folder that does not exist, only what would be in it.
    ignores = bool(worktree.ignored(location, [inside])) or tracked.ignores(location, inside)
    return "git ignores it" if ignores and not tracked.below(location, inside) else ""
