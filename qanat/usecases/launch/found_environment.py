"""The environment that the program of a new run will find."""

from __future__ import annotations

from qanat.records import environments
from qanat.records.environments import Described
from qanat.usecases.environment.look import look
from qanat.usecases.launch.plan import Plan
from qanat.usecases.project import Project


def found_environment(project: Project, plan: Plan) -> Described | None:
    """Return the file of the environment of a run that is about to start; None if nothing is known of it."""
    found = look(project, plan.command, plan.place.folder)
    return environments.encode(found) if found.as_mapping() else None
