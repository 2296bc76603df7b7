"""The keys of the groups of a run that is about to start: what they execute, as far as that is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain import group_key
from qanat.domain.data import DataState
from qanat.domain.experiment import WHOLE, Experiment
from qanat.domain.group_key import SharedKey
from qanat.errors import InputInvalid
from qanat.git import content
from qanat.git.code_part import code_part
from qanat.records import yaml_io
from qanat.records.environments import Described
from qanat.system import files
from qanat.usecases.launch.plan import Plan
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.tracking.find import Found  # a new run needs none


def shared_key(
    project: Project, plan: Plan, commit: str, states: Sequence[DataState], environment: Described | None
) -> SharedKey:
    """Return what the keys of the groups of a plan share, with the code of this commit and data in these states."""
    inside = plan.enclosure.container.identity if plan.enclosure and plan.enclosure.is_known else None
    return SharedKey(
        code=code_part(project.location, commit, plan.experiment, plan.command[-1]),
        command=group_key.digest(group_key.COMMAND, *plan.command),
        data=group_key.data_part(plan.datasets, states, _hash_of(plan.parameters_file)),
        environment=_environment_part(environment),
        container=group_key.digest(group_key.CONTAINER, inside) if inside else None,
    )


def retried_key(found: Found, states: Sequence[DataState], environment: Described | None) -> SharedKey:
    """Return what the keys of retried groups of a run share, with data in these states if they have changed."""
    run, data = found.run, found.run.key.data
    if states and data is not None:
        from qanat.usecases.launch import parameter_copies  # a new run starts without it

        data = group_key.data_part(run.datasets, states, _hash_of(parameter_copies.find(found)))
    return replace(run.key, data=data, environment=_environment_part(environment))


def _environment_part(environment: Described | None) -> str | None:
    return group_key.digest(group_key.ENVIRONMENT, environment.hash) if environment else None


def _hash_of(parameters_file: Path | None) -> str:
    if parameters_file is None:
        return ""
    return hashlib.sha256(files.read(parameters_file, limit_bytes=yaml_io.FILE_BYTES_MAX)).hexdigest()


def check_paths(project: Project, experiment: Experiment, commit: str) -> None:
    """Raise InputInvalid if a path of the experiment's code is not in the commit."""
    about = f"experiment {experiment.name}: code: paths:"
    hint = "use paths of files and folders in git, relative to the project root"
    paths = [path for path in experiment.code_paths if path != WHOLE]
    for path, entry in content.entries(project.location, commit, paths).items() if paths else ():
        if entry is None:
            raise InputInvalid(f"{about} {path} is not in commit {commit[:10]}", hint=hint)
