"""Commands of experiments and actions that this machine does not have."""

from __future__ import annotations

import shutil
from collections.abc import Collection

from qanat.domain.experiment import Program
from qanat.errors import InputInvalid, NotFound
from qanat.usecases.project import Project


def warnings(project: Project, paths: Collection[str] | None) -> list[str]:
    """List the experiments in these files (None: all) whose commands are not on the PATH of this machine."""
    found: dict[str, None] = {}
    for name in project.names("experiment"):
        if paths is not None and project.paths.relative(project.paths.definition("experiment", name)) not in paths:
            continue
        try:
            experiment = project.experiment(name)
            programs = [experiment.program, *(action.program for action in experiment.actions.values())]
            missing = [command for command in map(_missing, programs) if command]
        except (InputInvalid, NotFound):  # broken files are reported elsewhere
            continue
        found |= dict.fromkeys(f"experiment {name}: {command} is not on the PATH here" for command in missing)
    return list(found)


def _missing(program: Program) -> str:
    """Return the command of a program if it is looked for on the PATH, and not there."""
    command = program.command_line()[0]
    return "" if "/" in command or shutil.which(command) else command
