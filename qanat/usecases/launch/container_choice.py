"""Which container the programs of a launch get, and which engine starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qanat.domain.container import ContainerRequest
from qanat.domain.run import Run, RunnerChoice
from qanat.usecases.launch.secret_checks import check_container
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.runners.protocol import Runners
    from qanat.usecases.launch.containers import Chosen


def choose_container(
    project: Project,
    typed: ContainerRequest | None,
    defined: ContainerRequest | None,
    choice: RunnerChoice,
    runners: Runners,
    repeated: Run | None = None,
    *,
    allow_secrets: bool,
) -> Chosen | None:
    """Choose a container and its engine; None for none. What was typed counts more than what is defined."""
    elsewhere = not runners.is_in_process(choice.name)
    if typed is None and defined is None and not elsewhere:
        return None
    from qanat.usecases.launch import containers, universe  # most runs have none

    wanted = universe.for_runner(containers.wanted(project, typed, defined), choice, runners)
    if wanted and not allow_secrets:
        check_container(wanted)
    with containers.image_of(repeated, wanted):
        return containers.choose(project, wanted, elsewhere=elsewhere)
