"""Where a repository is, by git's own rules but without starting git."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qanat.errors import ProjectNotFound

COMMITS = "commit-"  # begins the names of folders, in Location.private_here, for commits that are being made


@dataclass(frozen=True)
class Location:
    """A working tree: its root, its own git folder, and the git folder it shares with linked worktrees."""

    root: Path
    git_dir: Path
    common_dir: Path

    @cached_property
    def private(self) -> Path:
        """qanat's folder inside the shared git folder, never tracked: locks, the next run number, runs in flight."""
        return self.common_dir / "qanat"

    @cached_property
    def private_here(self) -> Path:
        """qanat's folder for this working tree alone, never tracked, which `git worktree remove` removes: its index."""
        return self.git_dir / "qanat"


def find(start: Path) -> Location | None:
    """Find the working tree that contains start; None if there is none. Raises ProjectNotFound in a bare repository."""
    for folder in (start, *start.parents):
        marker = folder / ".git"
        if marker.is_dir():
            return Location(folder, marker, _common(marker))
        if marker.is_file():
            git_dir = _linked(marker)
            return Location(folder, git_dir, _common(git_dir))
        if _is_bare(folder):
            raise ProjectNotFound(
                f"{folder} is a bare repository, which has no files to run",
                hint=f"clone it: git clone {shlex.quote(str(folder))}",
            )
    return None


def _linked(marker: Path) -> Path:
    """Follow the `gitdir:` file of a linked worktree or a submodule."""
    target = marker.read_text(errors="replace").removeprefix("gitdir:").strip()
    git_dir = (marker.parent / target).resolve()
    if not git_dir.is_dir():
        raise ProjectNotFound(f"{marker} points to {git_dir}, which does not exist", hint="run: git worktree repair")
    return git_dir


def _common(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    return (git_dir / pointer.read_text().strip()).resolve() if pointer.is_file() else git_dir


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
