"""The environment that the program of a run is about to find, and how it differs from that of an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qanat.domain import environment
from qanat.domain.run import Run
from qanat.records import environments
from qanat.records.environments import Described
from qanat.usecases.environment import recorded
from qanat.usecases.environment.look import look
from qanat.usecases.launch.plan import Plan
from qanat.usecases.launch.view import EnvironmentReport, LaunchView
from qanat.usecases.project import Project


def of_plan(project: Project, plan: Plan, repeated: Run | None, view: LaunchView) -> Described | None:
    """Return the file of the environment of a run that is about to start, as before_start() does.

    A program in a container finds what is in the image instead, which the record identifies.
    """
    if plan.enclosure:
        return None
    return before_start(project, plan.command, plan.place.folder, repeated, view)


def before_start(
    project: Project, command: Sequence[str], folder: Path, repeated: Run | None, view: LaunchView
) -> Described | None:
    """Return the file of the environment of a command that is started in a folder; None if nothing is known of it.

    How it differs from that of the run that is repeated is shown.
    """
    found = look(project, command, folder)
    earlier = recorded.read(project, repeated.environment) if repeated else None
    if repeated and earlier and (phrases := environment.differences(earlier, found)):
        view.environment(EnvironmentReport(repeated.number, phrases))
    return environments.encode(found) if found.is_known else None
