"""What repeating and retrying a run have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.experiment import Experiment, Program
from qanat.domain.run import Run
from qanat.errors import InputInvalid, NotFound
from qanat.git.clones import why_not_in_clones
from qanat.usecases.data.definitions import definition_of, is_missing
from qanat.usecases.launch import inputs
from qanat.usecases.launch.secret_checks import check_container
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.launch.containers import Chosen


def check_data(project: Project, run: Run, place: Workplace) -> None:
    """Raise InputInvalid if data of a run are gone."""
    for name, path in place.datasets.items():
        if is_missing(definition_of(project, name, run.datasets[name]), path):
            why = why_not_in_clones(project.location, run.datasets[name])
            get = f"{why}, so it is not part of a clone: copy it there" if why else "restore it"
            raise InputInvalid(
                f"dataset {name} of run {run.number}: {path} {'does not exist here' if why else 'no longer exists'}",
                hint=f"{get}, or run with other data: qanat run {run.experiment}",
            )


def check_inputs(project: Project, run: Run, instead: Mapping[str, Path]) -> None:
    """Raise InputInvalid if an input of a run is gone and has no replacement in `instead`."""
    inputs.check_exist(project, run, [path for path in run.submission.inputs if path not in instead])


def container_of(project: Project, run: Run, *, elsewhere: bool, allow_secrets: bool) -> Chosen | None:
    """Return the container that a run had, and its engine; None if it had none."""
    if run.container is None:
        return None
    from qanat.usecases.launch import containers  # most runs have none

    request = run.container.again()
    if not allow_secrets:
        check_container(request)
    return containers.choose(project, request, elsewhere=elsewhere)


def experiment_of(project: Project, run: Run) -> Experiment:
    """Return today's experiment, for its metrics; the program comes from the record."""
    try:
        return project.experiment(run.experiment)
    except (InputInvalid, NotFound):
        return Experiment(run.experiment, Program(run.command[-1]))
