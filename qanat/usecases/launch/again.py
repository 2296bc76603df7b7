"""What repeating and retrying a run have in common."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.container import ContainerRequest
from qanat.domain.experiment import Experiment, Program
from qanat.domain.run import Run, RunnerChoice
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.git import repository
from qanat.git.clones import why_not_in_clones
from qanat.records.made import Notes
from qanat.runners.protocol import Runners
from qanat.usecases.data.definitions import definition_of, is_missing
from qanat.usecases.launch import inputs
from qanat.usecases.launch.container_choice import choose_container
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.order import Order
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


def check_inputs(project: Project, run: Run, instead: Mapping[str, Path], order: Order | None = None) -> None:
    """Raise InputInvalid if an input of a run is gone, has no replacement in `instead`, and is not waited for."""
    awaited = order.storages if order else ()
    left = [path for path in run.submission.inputs if path not in instead and not inputs.is_in(path, awaited)]
    inputs.check_exist(project, run, left)


def as_then(choice: RunnerChoice) -> RunnerChoice:
    """Return the runner of a run for another one, whatever the experiment says by now about transferring files."""
    return replace(choice, transfer=bool(choice.transfer))


def transferring(
    project: Project, run: Run, choice: RunnerChoice, options: LaunchOptions, runners: Runners
) -> RunnerChoice:
    """Return the choice of a runner for a run that says whether files are transferred. Raises UsageError."""
    if runners.is_in_process(choice.name):
        return replace(choice, transfer=None)
    from qanat.usecases.launch import shipping  # a local run starts without it

    return shipping.decided(choice, replace(experiment_of(project, run), workdir=None), options, runners)


def check_defined(project: Project, run: Run, *, command: bool = True) -> None:
    """Raise InputInvalid if a run starts what its experiment does not, as its commit or the working tree defines it.

    A record is testimony: it starts no program, and gives no container more of this machine. Only if the commit does
    not define the experiment, a run that was launched here is believed. Without `command`, only the container counts.
    Nothing is started of a run that was imported without its code.
    """
    if command and not run.code.is_known:
        raise InputInvalid(
            f"run {run.number} was imported from {run.origin.tool if run.origin else 'qanat 0.x'}, "
            "and nothing says which code it ran",
            hint=f"to run what the experiment says: qanat run {run.experiment}",
        )
    if run.code.commit not in repository.open_repository(project.location):
        return  # which is refused elsewhere
    then = _defined(lambda: project.experiment_at(run.code.commit, run.experiment))
    for experiment in filter(None, (then, _defined(lambda: project.experiment(run.experiment)))):
        if (not command or experiment.program.command_line() == run.command) and _has_container(experiment, run):
            return
    if then is None and Notes(project.location.private).has_launched(run.id):
        return
    what = quoted(shlex.join(run.command)) if command else "a container with other binds or options"
    raise InputInvalid(
        f"the record of run {run.number} starts {what}, which experiment {run.experiment} does not",
        hint=f"to run what the experiment says: qanat run {run.experiment}",
    )


def _defined(read: Callable[[], Experiment | None]) -> Experiment | None:
    with suppress(InputInvalid, NotFound):
        return read()
    return None


def _has_container(experiment: Experiment, run: Run) -> bool:
    """Return whether an experiment gives a container the binds and options that a run had."""
    had, own = run.container, experiment.container
    if had is None or not (had.binds or had.options):
        return True
    return own is not None and (own.binds, own.options) == (had.binds, had.options)


def container_of(
    project: Project,
    run: Run,
    choice: RunnerChoice,
    runners: Runners,
    typed: ContainerRequest | None = None,
    *,
    allow_secrets: bool,
) -> Chosen | None:
    """Return the container that a run had, and its engine; None if it had none. What was typed counts more."""
    defined = run.container.again() if run.container else None
    return choose_container(project, typed, defined, choice, runners, run, allow_secrets=allow_secrets)


def experiment_of(project: Project, run: Run) -> Experiment:
    """Return today's experiment, for its metrics; the program comes from the record."""
    try:
        return project.experiment(run.experiment)
    except (InputInvalid, NotFound):
        return Experiment(run.experiment, Program(run.command[-1]))
