"""Experiments in git that read datasets whose definitions are not: they are invalid in every clone."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Sequence

from qanat.domain.layout import DEFINITIONS, STATE
from qanat.errors import InputInvalid, NotFound
from qanat.git import worktree
from qanat.usecases.project import Project

_FOLDERS = tuple(f"{STATE}/{DEFINITIONS[kind]}" for kind in ("experiment", "dataset"))


def warnings(project: Project, paths: Collection[str] | None) -> list[str]:
    """List the datasets that git lacks for experiments in these files (None: all), with how to commit them."""
    found: dict[str, list[str]] = {}
    untracked = worktree.untracked_among(project.location, _FOLDERS)
    for name in project.names("experiment") if untracked else ():
        if paths is not None and _path(project, "experiment", name) not in paths:
            continue
        try:
            datasets = project.experiment(name).datasets
        except (InputInvalid, NotFound):  # broken files are reported elsewhere
            continue
        if lacking := lacking_among(project, name, datasets, untracked):
            found[name] = lacking
    return [warning(project, name, lacking) for name, lacking in found.items()]


def lacking_among(project: Project, experiment: str, datasets: Sequence[str], untracked: Collection[str]) -> list[str]:
    """Return the datasets among these untracked files, by name; none for an experiment that is untracked, too."""
    if _path(project, "experiment", experiment) in untracked:
        return []
    return [name for name in datasets if _path(project, "dataset", name) in untracked]


def warning(project: Project, experiment: str, lacking: Sequence[str]) -> str:
    """Return a sentence about datasets that git lacks, with what to type in the current directory."""
    files = shlex.join(os.path.relpath(project.paths.definition("dataset", name)) for name in lacking)
    several = len(lacking) > 1
    subject = f"dataset{'s' if several else ''} {', '.join(lacking)} {'are' if several else 'is'} not in git"
    what = "them" if several else "it"
    return (
        f"{subject}, so experiment {experiment} is invalid in clones; commit {what} with: git add {files} && git commit"
    )


def _path(project: Project, kind: str, name: str) -> str:
    return project.paths.relative(project.paths.definition(kind, name))
