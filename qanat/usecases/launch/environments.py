"""What Python and its tools leave beside the code, and nobody wants in git: environments and bytecode."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from qanat.git import worktree
from qanat.usecases.project import Project

_MARKS = ("pyvenv.cfg", "conda-meta/history")


def find(project: Project, used: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """List the files that git neither tracks nor ignores, and the environments among them, as folders with a slash.

    The files of environments are not listed, nor is bytecode; those of an environment at the top are not even looked
    for. A folder that has a path in `used`, which are those of the code to run, is not an environment.
    """
    kept = [os.path.relpath(project.root / path, project.root) for path in used if path]
    folders = worktree.untracked_folders(project.location)
    found = [f for f in folders if _is_environment(project, f) and not _has_any(f, kept)]
    paths = worktree.untracked(project.location, found)
    deeper = [f for f in map(_environment_of, paths) if f and _is_below(f, folders) and not _has_any(f, kept)]
    environments = sorted({*found, *deeper})
    return [p for p in paths if not _is_below(p, deeper) and (p in kept or not _is_bytecode(p))], environments


def _is_environment(project: Project, folder: str) -> bool:
    return any((project.root / folder / mark).is_file() for mark in _MARKS)


def _environment_of(path: str) -> str:
    """Return the environment that a file is the mark of, with a slash; empty if it is none."""
    return next((path.removesuffix(mark) for mark in _MARKS if path.endswith(f"/{mark}")), "")


def _has_any(folder: str, paths: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(folder) for path in paths)


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(path.startswith(folder) for folder in folders)


def _is_bytecode(path: str) -> bool:
    file = PurePosixPath(path)
    return file.suffix == ".pyc" or "__pycache__" in file.parts[:-1]
