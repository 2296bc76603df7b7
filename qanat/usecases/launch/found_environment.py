"""The environment that the program of a run is about to find, and how it differs from that of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qanat.domain import environment, machine
from qanat.domain.environment import Environment
from qanat.domain.machine import Machine
from qanat.domain.run import Run
from qanat.records import environments
from qanat.records.environments import Described
from qanat.usecases.environment import recorded
from qanat.usecases.environment.look import look
from qanat.usecases.launch.plan import Plan
from qanat.usecases.launch.view import EnvironmentReport, LaunchView
from qanat.usecases.project import Project


def of_plan(
    project: Project, plan: Plan, here: Machine | None, repeated: Run | None, view: LaunchView
) -> Described | None:
    """Return the file of the environment of a run that is about to start, as before_start() does.

    A program in a container finds what is in the image instead, which the record identifies.
    """
    if plan.enclosure:
        return None
    return before_start(project, plan.command, plan.place.folder, here, repeated, view)


def before_start(
    project: Project, command: Sequence[str], folder: Path, here: Machine | None, repeated: Run | None, view: LaunchView
) -> Described | None:
    """Return the file of the environment of a command that is started in a folder; None if nothing is known of it.

    How it, and the machine of a local run (`here`), differ from those of the run that is repeated is shown.
    """
    found = look(project, command, folder)
    if repeated and (phrases := list(_differences(project, repeated, found, here))):
        view.environment(EnvironmentReport(repeated.number, phrases))
    return environments.encode(found) if found.is_known else None


def _differences(project: Project, before: Run, found: Environment, here: Machine | None) -> Iterator[str]:
    if earlier := recorded.read(project, before.environment):
        yield from environment.differences(earlier, found)
    machines = recorded.machines_of(project, before, 2)
    if here and len(machines) == 1:
        yield from machine.differences(machines[0], here)
