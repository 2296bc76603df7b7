"""How the environments and machines of runs differ from those of the first one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain.environment import Environment
from qanat.domain.facts import RunFacts
from qanat.domain.machine import Machine
from qanat.errors import UsageError
from qanat.usecases.environment import recorded
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found; `differences` say how that differs from what the first run found, None if that is unknown."""

    run: RunFacts
    environment: Environment | None
    differences: list[str] | None
    machines: Sequence[Machine]
    machine_differences: list[str] | None

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, for JSON."""
        return {
            "run": self.run.id,
            "environment": self.run.environment,
            "differences": self.differences,
            "machines": list(self.run.machines),
            "machine_differences": self.machine_differences,
        }


def compare_environments(project: Project, runs: Sequence[RunFacts]) -> list[Found]:
    """Return what each of these runs found. Raises UsageError if there are none."""
    if not runs:
        raise UsageError("there are no runs to compare")
    first = runs[0]
    return [
        Found(
            run,
            recorded.read(project, run.environment),
            recorded.differences(project, first.environment, run.environment),
            recorded.machines_of(project, run, len(run.machines)),
            recorded.machine_differences(project, first, run),
        )
        for run in runs
    ]
