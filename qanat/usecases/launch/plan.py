"""Planning a run before anything is written: its groups and the exact command of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.container import Container, ContainerRequest
from qanat.domain.experiment import Experiment
from qanat.domain.intents import HALF
from qanat.domain.job import PARAMETERS_FILE, JobBatch
from qanat.domain.layout import group_folder
from qanat.domain.names import check_text
from qanat.domain.parameters import GROUPS_MAX, GROUPS_WITHOUT_ASKING, Grid, expand, grid_from_arguments
from qanat.domain.run import Group, RequestedParameters, RunnerChoice, SubmissionFacts
from qanat.domain.shipment import shown
from qanat.domain.shortening import quoted
from qanat.domain.standing import IGNORABLE
from qanat.errors import InputInvalid, UsageError
from qanat.records import numbers, yaml_io
from qanat.records.storage import parameters_copy
from qanat.system import files
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.definitions import definitions_at
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.workplace import Workplace, in_project
from qanat.usecases.project import Project
from qanat.usecases.results import place

if TYPE_CHECKING:
    from qanat.domain.run_plan import RunPlan  # most runs have none
    from qanat.usecases.launch.enclosure import Enclosure


@dataclass(frozen=True, slots=True)
class Needed:
    """That groups are left out which an earlier run has; `ignored` are the parts of their keys that may differ."""

    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be run; paths are relative to the current directory.

    `revision` names the commit whose code runs, in a checkout. Without it, the code is the working tree's, where
    `uncommitted` says what to do with changes; it runs in a checkout if the experiment or the runner asks for one,
    unless it is to run `in_place`. `many` allows more groups than GROUPS_WITHOUT_ASKING. `rerun_of` is the id of the
    run whose groups these are. With `needed`, groups that have been run already are left out. `container` replaces
    the experiment's, as far as it says something. `expected` is the plan from which nothing may have drifted.
    `after` names the runs that have to end first, each as RUN or RUN:any. `grid` is what `param_file` has, if somebody
    has read it already.
    """

    experiment: str
    args: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    param_file: Path | None = None
    parameters_file: Path | None = None
    storage_path: Path | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    many: bool = False
    revision: str | None = None
    uncommitted: Uncommitted = field(default_factory=Uncommitted)
    in_place: bool = False
    rerun_of: str | None = None
    needed: Needed | None = None
    container: ContainerRequest | None = None
    expected: RunPlan | None = None
    after: tuple[str, ...] = ()
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that could be started.

    `groups` are the arguments of each, `datasets` map names to paths as defined, `place` is where it
    works, `parameters_file` is a file to be copied to the results, `storage` is the requested storage directory,
    `enclosure` the container that it works in, if any, and `order` what it waits for.
    """

    experiment: Experiment
    command: tuple[str, ...]
    datasets: Mapping[str, str]
    requested: RequestedParameters
    groups: tuple[tuple[str, ...], ...]
    place: Workplace
    parameters_file: Path | None = None
    storage: Path | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    rerun_of: str | None = None
    enclosure: Enclosure | None = None
    order: Order = field(default_factory=Order)

    @property
    def container(self) -> Container | None:
        """The container that it works in; None if it works in none."""
        return self.enclosure.container if self.enclosure else None

    def storage_of(self, storage: Path, group: int) -> Path:
        """Return a group's directory, given the run's directory."""
        return group_folder(storage, group, len(self.groups))

    def full_command(self, storage: Path, group: int) -> tuple[str, ...]:
        """Return a group's full command, given the run's directory."""
        own = self.storage_of(storage, group)
        kept = parameters_copy(storage, self.parameters_file)
        program = self.place.command(self.command, self.groups[group], own, kept)
        return self.enclosure.command(storage, program) if self.enclosure else program


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """One group of a dry run."""

    group: int
    args: tuple[str, ...]
    command: tuple[str, ...]
    storage: str = field(default="")


def whole_path(path: str | Path) -> Path:
    """Return a path that a user has typed as an absolute one; `~` is the home directory, links are kept."""
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  # resolve() follows links


def plan_run(project: Project, request: RunRequest, commit: str | None = None) -> Plan:
    """Check a request against the project, or the commit whose code is to run, and expand it; writes nothing.

    Raises NotFound, InputInvalid or UsageError for anything that would keep it from running.
    """
    defined = definitions_at(project, commit, request.experiment)
    grid = _grid(request)
    _check_count(grid.count(), request.many)
    groups = expand(grid)
    _check_arguments(groups)
    _check_texts(request)
    if request.parameters_file is None and any(PARAMETERS_FILE in argument for args in groups for argument in args):
        raise UsageError(
            f"the arguments contain {PARAMETERS_FILE}, but there is no parameters file",
            hint="add --parameters-file FILE",
        )
    if request.storage_path:
        place.check_chosen(project, request.storage_path)
    if request.parameters_file:
        files.read(request.parameters_file, limit_bytes=yaml_io.FILE_BYTES_MAX)
    requested = RequestedParameters(
        request.args,
        request.groups,
        request.ranges,
        _name(request.param_file),
        _name_in(project, request.parameters_file),
    )
    return Plan(
        experiment=defined.experiment,
        command=defined.experiment.program.command_line(),
        datasets=defined.datasets,
        requested=requested,
        groups=tuple(groups),
        place=in_project(project, defined.datasets),
        parameters_file=request.parameters_file,
        storage=request.storage_path,
        tags=request.tags,
        description=request.description,
        rerun_of=request.rerun_of,
    )


def check_request(request: RunRequest) -> None:
    """Raise UsageError for parts of a request that contradict each other."""
    uncommitted = request.uncommitted
    check_needed(request.needed)
    changes = {
        "--commit-message": uncommitted.commit_message is not None,
        "--snapshot": uncommitted.snapshot,
        "--add": bool(uncommitted.add),
    }
    for option in (option for option, used in (*changes.items(), ("--in-place", request.in_place)) if used):
        if request.revision is not None:
            raise UsageError(
                f"--commit-sha cannot be used with {option}",
                hint="that commit runs in a checkout, whatever is in the working tree",
            )
    for option in (option for option, used in changes.items() if used and request.expected):
        raise UsageError(f"--plan cannot be used with {option}", hint="a plan names the commit of its code")
    if changes["--commit-message"] and changes["--snapshot"]:
        raise UsageError("--commit-message cannot be used with --snapshot", hint="use one of them")


def needed_only(ignored: Sequence[str], *, needed: bool) -> Needed | None:
    """Return what is said about groups that have been run already. Raises UsageError for ignored parts alone."""
    if ignored and not needed:
        raise UsageError("--ignore requires --needed", hint="without it, all groups are run")
    return Needed(tuple(ignored)) if needed else None


def check_needed(needed: Needed | None) -> None:
    """Raise UsageError for a part of a key that cannot be ignored."""
    for part in needed.ignored if needed else ():
        if part not in IGNORABLE:
            raise UsageError(f"{quoted(part)} cannot be ignored", hint=f"use one of {', '.join(IGNORABLE)}")


def preview(project: Project, plan: Plan) -> list[PlannedGroup]:
    """List the groups with their exact commands, as the next run would have them."""
    storage = plan.storage or _default_storage(project, plan)
    return [
        PlannedGroup(i, args, shown(plan.full_command(storage, i)), str(plan.storage_of(storage, i)))
        for i, args in enumerate(plan.groups)
    ]


def _default_storage(project: Project, plan: Plan) -> Path:
    number = numbers.peek(project.location.private, project.paths.runs)
    return place.default_folder(project, plan.experiment.name, number)


def preview_batch(
    project: Project, plan: Plan, choice: RunnerChoice, facts: SubmissionFacts, *, in_full: bool
) -> JobBatch:
    """Return the batch that the next run would submit, with placeholders of the right length for id and intent."""
    from qanat.usecases.launch import held_back, shipping
    from qanat.usecases.launch.submit import in_bundles, job_spec  # only for what would be submitted

    number = numbers.peek(project.location.private, project.paths.runs)
    folder = plan.storage or place.default_folder(project, plan.experiment.name, number)
    count = len(plan.groups)
    kept, checkpoint = parameters_copy(folder, plan.parameters_file), plan.experiment.checkpoint
    groups = [
        job_spec(project, folder, plan.place, plan.full_command(folder, i), Group(i, args), count, kept, checkpoint)
        for i, args in enumerate(plan.groups)
    ]
    name = f"{plan.experiment.name}_{number}"
    image = plan.enclosure.image_of_jobs if plan.enclosure else ""
    batch = JobBatch(
        run_id=f"{number}-000000",
        name=name,
        intent="0" * (2 * HALF),
        folder=folder,
        options=choice.options,
        jobs=in_bundles(groups, facts),
        max_running=facts.max_running,
        image=image,
        held=bool(plan.order.active),
        after=held_back.jobs_before(project, plan.order, choice.name) if plan.order.active else (),
        shipment=plan.place.shipment,
        at_once=facts.at_once or 1,
        in_full=in_full,
    )
    return shipping.with_files_of_run(batch, plan.place, kept, make=False)


def _grid(request: RunRequest) -> Grid:
    grid = grid_from_arguments(request.args, request.groups, request.ranges)
    if request.grid is not None:
        return request.grid.join(grid)
    if request.param_file is None:
        return grid
    from qanat.domain.parameter_file import grid_from_file  # only with -f

    source = str(request.param_file)
    data = files.read(request.param_file, limit_bytes=yaml_io.FILE_BYTES_MAX, own=True)
    content = yaml_io.load(data, source, text=True, own=True)
    return grid_from_file(content, source).join(grid)


def _check_count(count: int, many: bool) -> None:
    if count > GROUPS_MAX:
        raise UsageError(
            f"a run can have at most {GROUPS_MAX:,} groups, not {count:,}", hint="split it into several runs"
        )
    if count > GROUPS_WITHOUT_ASKING and not many:
        raise UsageError(f"this run has {count:,} groups", hint="use --yes if that is intended")


def _check_arguments(groups: Sequence[tuple[str, ...]]) -> None:
    """Raise InputInvalid for arguments that no record can hold: those that are not UTF-8, and too many."""
    size, limit = sum(len(argument) for args in groups for argument in args), yaml_io.bytes_max(len(groups)) // 2
    if size > limit:
        raise InputInvalid(
            f"the groups have {size // 2**20} MiB of arguments; a record can hold {limit // 2**20} MiB",
            hint="put long arguments into files, or split the run",
        )
    for args in groups:
        for argument in args:
            check_text(argument, "the argument", "put it into a file, and pass the name of the file")


def _check_texts(request: RunRequest) -> None:
    """Raise InputInvalid for a description, a tag or a path that no record can hold."""
    if "" in request.tags:
        raise InputInvalid("a tag cannot be empty", hint="name it, as in --tag baseline, or omit the option")
    paths = (request.param_file, request.parameters_file, request.storage_path)
    for text in (request.description, *request.tags, *map(str, filter(None, paths))):
        check_text(text)


def _name(path: Path | None) -> str | None:
    return str(path) if path else None


def _name_in(project: Project, path: Path | None) -> str | None:
    """Return a file's path as the program, which works at the root, would name it; an absolute path stays absolute."""
    if path is None or path.is_absolute():
        return _name(path)
    whole = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() follows links
    return project.paths.relative(whole) if whole.is_relative_to(project.root) else str(path)
