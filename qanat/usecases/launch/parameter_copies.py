"""The copy of its parameters file that a run kept, and making a later run's arguments refer to that copy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qanat.domain.run import RequestedParameters, Run
from qanat.errors import InputInvalid
from qanat.records import storage
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RunArguments:
    """The arguments of a run's groups, the request, and files to link into a checkout, by path from the root."""

    groups: Groups
    requested: RequestedParameters
    instead: Mapping[str, Path] = field(default_factory=dict)


def find(found: Found) -> Path | None:
    """Return the copy that a run kept; None if it had no parameters file. Raises InputInvalid if the copy is gone."""
    if found.run.requested.parameters_file is None:
        return None
    kept = found.folder / storage.PARAMETERS_FILES / Path(found.run.requested.parameters_file).name
    if not files.is_file(kept):
        raise InputInvalid(
            f"the parameters file that run {found.run.number} kept, {kept}, no longer exists",
            hint=f"repeat it with: qanat run {found.run.experiment} --parameters-file FILE",
        )
    return kept


def is_unchanged(project: Project, run: Run, kept: Path | None) -> bool:
    """Return whether the parameters file is unchanged since the run was launched."""
    if kept is None or run.requested.parameters_file is None:
        return True
    try:
        return files.read(project.root / run.requested.parameters_file) == files.read(kept)
    except InputInvalid:
        return False


def arguments_for(project: Project, run: Run, kept: Path | None) -> RunArguments:
    """Make the arguments of a run in a checkout refer to the copy where they name its parameters file.

    A path inside the project stays, and becomes a link to the copy; an absolute path is changed if the file has
    changed, and a path that leads out of the project always is.
    """
    groups, named = tuple(group.args for group in run.groups), run.requested.parameters_file
    if kept is None or named is None:
        return RunArguments(groups, run.requested)
    target = os.path.normpath(project.root / named)
    inside = Path(target).is_relative_to(project.root)
    stays = is_unchanged(project, run, kept)

    def renamed(argument: str) -> str:
        name, equals, value = argument.rpartition("=")
        if not value or os.path.normpath(project.root / value) != target:
            return argument
        same = stays if Path(value).is_absolute() else inside
        return argument if same else f"{name}{equals}{kept}"

    changed = tuple(tuple(map(renamed, args)) for args in groups)
    requested = run.requested if changed == groups else replace(run.requested, parameters_file=str(kept))
    return RunArguments(changed, requested, {project.paths.relative(Path(target)): kept} if inside else {})
