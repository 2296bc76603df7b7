"""Checking everything in `.qanat/`, without the records in which nothing was found before."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.layout import kind_of
from qanat.records.index import Index
from qanat.usecases.checks import passed_before
from qanat.usecases.checks.validate import FOLDERS, Problem, Runs, validate
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Checked:
    """The problems that were found in `.qanat/`, the files that were checked now, and the number of all files."""

    problems: list[Problem]
    paths: list[Path]
    count: int


def check_all(project: Project, index: Index, *, full: bool = False) -> Checked:
    """Check all files; with `full`, also those records in which nothing was found before."""
    index.sync()
    version = passed_before.version_of(project)
    passed = frozenset() if full else passed_before.find(project, index, version)
    paths = all_files(project, without=passed)
    runs = Runs(project, index)
    problems = validate(project, index, paths, runs)
    if passed and any(kind_of(p.file) == "run" and passed_before.concerns_others(p.key) for p in problems):
        return check_all(project, index, full=True)
    index.remember_checked(version, runs.digests)
    return Checked(problems, paths, len(paths) + len(passed))


def all_files(project: Project, without: Collection[str] = ()) -> list[Path]:
    """List what has the name of a YAML file or a comment, and every linked folder, below `.qanat/` except the cache.

    Links are not followed. A folder that cannot be read is listed itself, as is what is in the place of one. `without`
    are records that are left out, by their paths from the root.
    """
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        found.append(Path(error.filename))

    for name, subfolders, files_here in os.walk(project.paths.state, onerror=unreadable):
        folder = Path(name)
        subfolders[:] = sorted(s for s in subfolders if not (s == "cache" and folder == project.paths.state))
        found += [folder / s for s in subfolders if (folder / s).is_symlink() or s.endswith((".yaml", ".yml"))]
        suffixes = (".yaml", ".yml", *((".md",) if folder.is_relative_to(project.paths.runs) else ()))
        above = f"{project.paths.relative(folder)}/"
        named = sorted(file for file in files_here if file.endswith(suffixes) and above + file not in without)
        found += [folder / file for file in named]
    return [
        *found,
        *(place for name in FOLDERS if os.path.lexists(place := project.root / name) and not place.is_dir()),
    ]
