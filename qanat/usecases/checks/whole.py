"""What is wrong with a project as a whole, beyond its single files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from qanat.domain.layout import CACHE, RUNS
from qanat.domain.shortening import quoted
from qanat.git import tracked
from qanat.system import below
from qanat.usecases.checks.validate import Problem
from qanat.usecases.project import Project


def problems(project: Project) -> list[Problem]:
    """List tracked files of the cache, and names that differ only in case."""
    return [*_tracked_cache(project), *_alike(project)]


def _tracked_cache(project: Project) -> Iterator[Problem]:
    """Yield a tracked file of the cache, which is for files of this machine only."""
    for path in tracked.files_in(project.location, [project.root / CACHE]).values():
        yield Problem(path, 1, (), "is tracked, but the cache is never shared", f"git rm -r --cached {CACHE}")


def _alike(project: Project) -> Iterator[Problem]:
    """Yield names that other machines may take for the same: their file systems ignore case."""
    for kind in ("experiment", "dataset", "document", "view", "pack"):
        folder = project.paths.relative(project.paths.folder(kind))
        for name, other in _pairs(project.names(kind)):
            yield _problem(f"{folder}/{name}.yaml", f"{kind} {quoted(other)}")
    for name, other in _pairs("/".join(pair) for pair in project.templates()):
        folder = project.paths.relative(project.paths.folder("template"))
        yield _problem(f"{folder}/{name}.yaml", f"template {quoted(other)}")
    folders = [entry.name for entry in below.entries(project.root, RUNS) if entry.is_folder]
    for name, other in _pairs(folders):
        yield _problem(f"{RUNS}/{name}", f"the folder {shlex.quote(other)}")


def _problem(place: str, other: str) -> Problem:
    what = f"has a name that differs only in case from {other}, which is the same file on macOS and Windows"
    return Problem(place, 1, (), what, "rename one of them")


def _pairs(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name together with an earlier one from which it differs only in case."""
    first: dict[str, str] = {}
    for name in sorted(names):
        if (other := first.setdefault(name.casefold(), name)) != name:
            yield name, other
