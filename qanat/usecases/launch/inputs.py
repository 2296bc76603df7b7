"""Inputs of a run that no commit contains: files of the project that git ignores and the run's arguments name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from qanat.domain.named_paths import named_paths
from qanat.domain.run import Run
from qanat.errors import InputInvalid, write_failed
from qanat.git import worktree
from qanat.system import files
from qanat.usecases.project import Project


def ignored_inputs(project: Project, groups: Sequence[Sequence[str]]) -> list[str]:
    """List the files and folders that arguments name and git ignores."""
    there = [path for path in named_paths(groups) if files.exists(project.root / path)]
    return worktree.ignored(project.location, there) if there else []


def link(
    project: Project,
    folder: Path,
    groups: Sequence[Sequence[str]],
    instead: Mapping[str, Path],
    awaited: Sequence[str] = (),
) -> list[str]:
    """Link what arguments name and only the project has into a checkout; list what was linked.

    `instead` maps paths to files that take their place. What is in an `awaited` directory may not exist yet.
    Raises WriteFailed.
    """
    linked = []
    for path in named_paths(groups):
        source, target = instead.get(path, project.root / path), folder / path
        if (files.exists(source) or is_in(path, awaited)) and not os.path.lexists(target):
            try:
                files.make_folder(target.parent, project.sharing)
                target.symlink_to(source)
            except OSError as error:
                raise write_failed(target, error) from None
            linked.append(path)
    return linked


def is_in(path: str, folders: Iterable[str]) -> bool:
    """Return whether a path is one of these folders, or in one."""
    return any(PurePath(path).is_relative_to(folder) for folder in folders)


def check_exist(project: Project, run: Run, inputs: Iterable[object]) -> None:
    """Raise InputInvalid if an input of a run no longer exists in the project."""
    for path in inputs:
        if not files.exists(project.root / str(path)):
            raise InputInvalid(
                f"input {path} of run {run.number}, which git ignores, no longer exists",
                hint=f"restore it, or run with another one: qanat run {run.experiment}",
            )
