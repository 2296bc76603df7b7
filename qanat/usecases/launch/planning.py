"""Plans for review: writing what a run would execute, and refusing to run what has drifted from it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain.container import other_settings
from qanat.domain.data import DataState, data_differ
from qanat.domain.environment import Environment
from qanat.domain.group_key import CODE, COMMAND, CONTAINER, DATA, ENVIRONMENT, inputs_of, parts_of
from qanat.domain.layout import STATE
from qanat.domain.run import RunnerChoice
from qanat.domain.run_plan import PlannedKey, RunPlan, drifted_checkpoint, drifted_groups, drifted_options
from qanat.domain.standing import Standing
from qanat.errors import GitRefused, PlanDrifted, QanatError, UsageError
from qanat.git import code_commits, repository
from qanat.records import environments, plan_file, yaml_io
from qanat.runners.protocol import Runners
from qanat.system import files
from qanat.usecases.launch import differences, shipping
from qanat.usecases.launch.findings import Findings
from qanat.usecases.launch.options import LOCAL, LaunchOptions, choose
from qanat.usecases.launch.plan import Plan, RunRequest
from qanat.usecases.project import Project
from qanat.usecases.results.place import check_written, write_named

_NEW = "make a new plan, and have it reviewed: qanat plan NAME … --out FILE"
_COMPARED = (CODE, COMMAND, DATA, CONTAINER, ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class _Data:
    """The data of a plan."""

    datasets: Mapping[str, str]
    data: Sequence[DataState]


def run_plan(
    project: Project,
    request: RunRequest,
    options: LaunchOptions,
    plan: Plan,
    choice: RunnerChoice | None,
    found: Findings,
    standings: Sequence[Standing],
) -> RunPlan:
    """Return the plan of a run, which is submitted with a choice. Raises GitRefused if its code is not committed."""
    if found.commit is None:
        changed = ", ".join(found.changed[: differences.NAMED_MAX])
        raise GitRefused(f"there are uncommitted changes: {changed}", hint="commit them: a plan names a commit")
    # That of the record, which does not count commits of records.
    commit = code_commits.newest(project.location, repository.open_repository(project.location), found.commit)
    return RunPlan(
        experiment=plan.experiment.name,
        created=project.clock.now(),
        options=_options(project, request, options, commit),
        arguments=request.args,
        commit=commit,
        command=plan.command,
        datasets=plan.datasets,
        data=tuple(found.data),
        key=found.key,
        environment=_environment(found),
        container=plan.container,
        checkpoint=plan.experiment.checkpoint,
        choice=choice,
        groups=tuple(PlannedKey(args, s.key, s) for args, s in zip(plan.groups, standings, strict=True)),
    )


def choice_of(project: Project, plan: Plan, options: LaunchOptions, runners: Runners) -> RunnerChoice | None:
    """Return what jobs are submitted with, apart from what other options say; None for a run of this machine."""
    if runners.is_in_process(options.runner):
        return None
    alone = LaunchOptions(options.runner, options.template)
    choice = choose(project, alone, len(plan.groups), runners, plan.experiment.retry)
    return replace(choice, transfer=shipping.is_wanted(plan.experiment, choice) or None)


def as_mapping(plan: RunPlan) -> dict[str, Any]:
    """Return a plan as the mapping in its file, with its digest."""
    return plan_file.to_mapping(plan)


def as_yaml(plan: RunPlan) -> str:
    """Return a plan as the text of its file."""
    return plan_file.encode(plan).decode()


def write(project: Project, plan: RunPlan, path: Path) -> bool:
    """Write a plan into a new file, unless there is one that has this plan; return whether it was written.

    Its folder must exist, except below `.qanat/`. Raises WriteFailed, UsageError for a file with anything else, and
    InputInvalid if a link in git leads to it.
    """
    check_written(project, path)
    if os.path.lexists(path):
        if _has(path, plan):
            return False
        raise UsageError(f"{path} already exists", hint="name another file, or remove it if it is no longer needed")
    if Path(os.path.abspath(path)).is_relative_to(project.root / STATE):  # noqa: PTH100  # resolve() follows links
        files.write(path, plan_file.encode(plan), sharing=project.sharing)
    else:
        write_named(path, plan_file.encode(plan))
    return True


def _has(path: Path, plan: RunPlan) -> bool:
    """Return whether a file has a plan that says the same, whenever it was made."""
    try:
        return as_mapping(replace(read(path), created=plan.created)) == as_mapping(plan)
    except QanatError:
        return False


def read(path: Path) -> RunPlan:
    """Read a plan from a file. Raises InputInvalid, also if it was edited."""
    return plan_file.decode(files.read(path, limit_bytes=yaml_io.FILE_BYTES_MAX, own=True), str(path))


def _options(project: Project, request: RunRequest, options: LaunchOptions, commit: str) -> dict[str, Any]:
    """Return the options of `qanat run` that say the same, by their names; paths start at the root of the project."""
    found = {
        "group-param": list(request.groups),
        "range-param": list(request.ranges),
        "param-file": _from_root(project, request.param_file),
        "parameters-file": _from_root(project, request.parameters_file),
        "needed": request.needed is not None,
        "ignore": list(request.needed.ignored) if request.needed else [],
        "commit-sha": commit if request.revision else None,
        "in-place": request.in_place,
        "tag": list(request.tags),
        "description": request.description,
        "yes": request.many,
        "container": request.container.image if request.container else None,
        "engine": request.container.engine if request.container else None,
        "gpu": request.container.gpu if request.container else False,
        "runner": options.runner if options.runner != LOCAL else None,
        "submit-template": options.template,
        "n-threads": options.n_threads,
        "max-running": options.max_running,
        "per-job": options.per_job,
        "fail-fast": options.fail_fast,
        "time-limit": options.time_limit,
    }
    retry = {} if options.retry is None else {"retry": options.retry}  # 0 says something
    return {name: value for name, value in found.items() if value} | retry


def _from_root(project: Project, path: Path | None) -> str | None:
    if path is None:
        return None
    whole = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() follows links
    return project.paths.relative(whole) if whole.is_relative_to(project.root) else str(whole)


def _environment(found: Findings) -> Environment | None:
    file = found.environment
    return environments.decode(file.data, file.path) if file else None


def check(
    project: Project,
    expected: RunPlan,
    plan: Plan,
    choice: RunnerChoice | None,
    found: Findings,
    ignored: Collection[str] = (),
    *,
    foreseen: bool = False,
) -> None:
    """Raise PlanDrifted with all that has drifted if a run is not what was planned.

    What only a launch finds out is not compared if the plan lacks it, nor if the run is only `foreseen`. `choice`
    is that of choice_of(); it is not compared with that of another template or runner, which the command line named.
    """
    groups = drifted_groups([group.args for group in expected.groups], plan.groups)
    before, now, data = expected.key.as_mapping(), found.key.as_mapping(), _Data(plan.datasets, found.data)
    # What a dataset's command says, and what an interpreter is that would have to be started, is not known to a plan.
    # An image that has to be built has no identity before.
    parts = (DATA, ENVIRONMENT, *((CONTAINER,) if expected.container and plan.container else ()))
    unknown = [part for part in parts if part not in before or (foreseen and part not in now)]
    differing = {part for part in _COMPARED if before.get(part) != now.get(part) and part not in unknown}
    if other_settings(expected.container, plan.container):
        differing.add(CONTAINER)
    if data_differ(expected, data) or (DATA not in unknown and _has_other_inputs(expected, found)):
        differing.add(DATA)
    how = partial(_how, project, expected, plan, found)
    drifted = [how(part) for part in _COMPARED if part in differing and part not in ignored]
    drifted += drifted_checkpoint(expected.checkpoint, plan.experiment.checkpoint)
    if (
        choice
        and expected.choice
        and (choice.name, choice.template) == (expected.choice.name, expected.choice.template)
    ):
        drifted += drifted_options(expected.choice, choice)
    if groups or drifted:
        lines = "\n  ".join([*groups, *drifted])
        raise PlanDrifted(f"what would run is no longer what was planned:\n  {lines}", hint=_NEW)


def _how(project: Project, expected: RunPlan, plan: Plan, found: Findings, part: str) -> str:
    """Return how a part of the keys has drifted, as a phrase that names it."""
    how = {
        CODE: lambda: (
            differences.code(project, plan.experiment, expected.commit, found.commit)
            if found.commit
            else differences.uncommitted(found.changed)
        ),
        COMMAND: lambda: differences.command(expected.command, plan.command),
        DATA: lambda: differences.data(expected, _Data(plan.datasets, found.data)),
        CONTAINER: lambda: _how_containers(expected, plan, found),
        ENVIRONMENT: lambda: differences.environment(expected.environment, _environment(found)),
    }[part]()
    return f"{part}: {how}" if how else f"another {part}"


def _how_containers(expected: RunPlan, plan: Plan, found: Findings) -> str:
    """Return how the container has drifted; of an image that was not known, only the settings are compared."""
    before, now = expected.key.container, found.key.container
    is_known = before is not None or expected.container is None or plan.container is None
    image = differences.container(expected.container, plan.container) if is_known and before != now else ""
    return "; ".join([*([image] if image else []), *other_settings(expected.container, plan.container)])


def _has_other_inputs(expected: RunPlan, found: Findings) -> bool:
    """Return whether the inputs of a group, which the shared key does not cover, are not those of the plan."""
    sides = ((expected.key, inputs_of(expected.data)), (found.key, inputs_of(found.data)))
    if not any(inputs for _, inputs in sides):
        return False
    return any(
        len({parts_of(shared, group.args, inputs).get(DATA) for shared, inputs in sides}) > 1
        for group in expected.groups
    )
