"""Templates with which a scheduler itself starts jobs in the image of a container, as HTCondor's container universe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qanat.domain.container import HTCONDOR, ContainerRequest
from qanat.domain.run import RunnerChoice
from qanat.errors import UsageError
from qanat.runners.protocol import Runners, StartsImages
from qanat.system import files


def for_runner(request: ContainerRequest | None, choice: RunnerChoice, runners: Runners) -> ContainerRequest | None:
    """Return the container of a run whose template may ask the scheduler for one.

    Raises UsageError for two containers of which one would be inside of the other, and for what HTCondor cannot do.
    """
    if runners.is_in_process(choice.name):
        return request
    runner = runners.submitting(choice.name)
    image = runner.image_in(choice.options) if isinstance(runner, StartsImages) else None
    starts = (
        "the jobs do not see the project"
        if image is None
        else f"template {choice.template or choice.name} has universe: container"
    )
    if image is None and choice.transfer and request:
        if not isinstance(runner, StartsImages):
            raise UsageError(
                f"runner {runner.name} cannot start containers in jobs that do not see the project",
                hint="run without one: --container none",
            )
        image = ""
    if image is None:
        if request and request.engine == HTCONDOR:
            raise UsageError(
                "engine htcondor requires a template with universe: container",
                hint="choose another engine with --engine, or another template with --submit-template",
            )
        return request
    if request is None:
        is_known = "://" in image or (image.startswith("/") and files.exists(Path(image)))
        return ContainerRequest(image, HTCONDOR) if is_known else None
    _check(request, image, f"template {choice.template or choice.name}", starts)
    return replace(request, engine=HTCONDOR)


def _check(request: ContainerRequest, image: str, template: str, why: str) -> None:
    if image and image != request.image:
        raise UsageError(
            f"{template} has the container_image {image}, and the container of the run is {request.image}",
            hint="run without one of them: --container none, or another template with --submit-template",
        )
    if request.engine not in (None, HTCONDOR):
        raise UsageError(
            f"{why}, so HTCondor starts the container, and not {request.engine}",
            hint="leave out the engine, or use another template with --submit-template",
        )
    settings = {"binds": request.binds, "options": request.options, "gpu": request.gpu}
    if found := [name for name, value in settings.items() if value]:
        raise UsageError(
            f"{why}, for which HTCondor takes no {' or '.join(found)} of a container",
            hint="the pool decides what is bound; request GPUs with request_gpus in the template",
        )
