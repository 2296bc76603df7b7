"""Checking everything that the record of a run would contain for secrets, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from qanat.domain import secret_checks
from qanat.domain.container import ContainerRequest
from qanat.domain.run import RunnerChoice
from qanat.git import worktree
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.plan import Plan
from qanat.usecases.project import Project


def check_launch(project: Project, plan: Plan, choice: RunnerChoice, uncommitted: Uncommitted | None = None) -> None:
    """Raise UsageError for a launch whose record or commit would contain what looks like a secret."""
    secret_checks.check_groups((*plan.groups, plan.requested.args, plan.command))
    texts = {
        "--commit-message": uncommitted.commit_message if uncommitted else None,
        "--description": plan.description,
        "--param-file": plan.requested.param_file,
        "the name of the branch": worktree.checked_out(project.location),
        "--parameters-file": plan.requested.parameters_file,
        "--storage-path": str(plan.storage) if plan.storage else None,
        **{f"--tag, {number}," if len(plan.tags) > 1 else "--tag": tag for number, tag in enumerate(plan.tags, 1)},
        **{f"--group-param, {number},": text for number, text in enumerate(plan.requested.groups, 1)},
        **{f"--range-param, {number},": text for number, text in enumerate(plan.requested.ranges, 1)},
    }
    for where, text in texts.items():
        if text:
            secret_checks.check_text(where, text)
    check_definitions(plan.datasets, choice)


def check_definitions(datasets: Mapping[str, str], choice: RunnerChoice) -> None:
    """Raise UsageError for paths of datasets, or options for a scheduler, that look like they contain a secret."""
    secret_checks.check_content("datasets", datasets)
    secret_checks.check_content(f"template {choice.template or choice.name}", choice.options)


def check_container(request: ContainerRequest) -> None:
    """Raise UsageError for a container whose image, binds or options look like they contain a secret."""
    secret_checks.check_text("the image of the container", request.image)
    secret_checks.check_content("container", {"binds": request.binds})
    secret_checks.check_groups([request.options])
