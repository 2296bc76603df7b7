"""Working out what a run would do, before anything is written: its groups and the exact command of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qanat.domain.experiment import Experiment
from qanat.domain.layout import group_folder
from qanat.domain.parameter_file import grid_from_file
from qanat.domain.parameters import GROUPS_MAX, GROUPS_WITHOUT_ASKING, Grid, expand, grid_from_words
from qanat.domain.run import Asked
from qanat.errors import InputInvalid, UsageError
from qanat.records import files, numbers, yaml_io
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a person asks for; paths are as they would be from the current directory."""

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


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that could be started: `groups` are the arguments of each, `datasets` map names to paths as defined."""

    request: RunRequest
    experiment: Experiment
    command: tuple[str, ...]
    datasets: dict[str, str]
    asked: Asked
    groups: tuple[tuple[str, ...], ...]
    root: Path

    def storage_of(self, storage: Path, group: int) -> Path:
        """Give the directory of a group of a run whose directory is storage."""
        return group_folder(storage, group, len(self.groups))

    def full_command(self, storage: Path, group: int) -> tuple[str, ...]:
        """Give the words of a group: program, its arguments, `--storage_path`, one `--dataset_path` each."""
        own = self.storage_of(storage, group)
        paths = [word for path in self.datasets.values() for word in ("--dataset_path", str(self.root / path))]
        return (*self.command, *self.groups[group], "--storage_path", str(own), *paths)


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """One group of a dry run."""

    group: int
    args: tuple[str, ...]
    command: tuple[str, ...]
    storage: str = field(default="")


def plan_run(project: Project, request: RunRequest) -> Plan:
    """Check a request against the project and expand it; writes nothing.

    Raises NotFound, InputInvalid or UsageError for whatever would keep it from running.
    """
    experiment = project.experiment(request.experiment)
    _check_program(project, experiment)
    datasets = {name: _dataset_path(project, name) for name in experiment.datasets}
    grid = _grid(request)
    _check_count(grid.count(), request.many)
    groups = expand(grid)
    _check_words(groups)
    if request.parameters_file:
        files.read(request.parameters_file, limit_bytes=yaml_io.FILE_BYTES_MAX)
    asked = Asked(
        request.args,
        request.groups,
        request.ranges,
        _name(request.param_file),
        _name(request.parameters_file),
    )
    return Plan(request, experiment, experiment.program.words(), datasets, asked, tuple(groups), project.root)


def preview(project: Project, plan: Plan) -> list[PlannedGroup]:
    """List the groups with their exact commands, as the next run would have them."""
    storage = plan.request.storage_path or default_storage(
        project, plan, numbers.peek(project.location.private, project.paths.runs)
    )
    return [
        PlannedGroup(i, args, plan.full_command(storage, i), str(plan.storage_of(storage, i)))
        for i, args in enumerate(plan.groups)
    ]


def default_storage(project: Project, plan: Plan, number: int) -> Path:
    """Give the storage directory that a run of this number gets when none is asked for."""
    return project.result_dir / plan.experiment.name / f"run_{number}"


def _grid(request: RunRequest) -> Grid:
    words = grid_from_words(request.args, request.groups, request.ranges)
    if request.param_file is None:
        return words
    source = str(request.param_file)
    content = yaml_io.load(files.read(request.param_file, limit_bytes=yaml_io.FILE_BYTES_MAX), source, text=True)
    return grid_from_file(content, source).join(words)


def _check_program(project: Project, experiment: Experiment) -> None:
    program = project.root / experiment.program.executable
    where = f"experiment {experiment.name}: executable {experiment.program.executable}"
    if not program.is_file():
        raise InputInvalid(f"{where} is not there", hint=f"correct it: qanat experiment update {experiment.name}")
    if not experiment.program.command and not os.access(program, os.X_OK):
        raise InputInvalid(
            f"{where} may not be executed",
            hint=f"chmod +x {experiment.program.executable}, or give the experiment an executable_command",
        )


def _dataset_path(project: Project, name: str) -> str:
    dataset = project.dataset(name)
    if not (project.root / dataset.path).exists():
        raise InputInvalid(
            f"dataset {name}: path {dataset.path} is not there",
            hint=f"correct it: qanat dataset update {name}",
        )
    return dataset.path


def _check_count(count: int, many: bool) -> None:
    if count > GROUPS_MAX:
        raise UsageError(f"{count:,} groups are more than the {GROUPS_MAX:,} that one run may have")
    if count > GROUPS_WITHOUT_ASKING and not many:
        raise UsageError(f"this is a run of {count:,} groups", hint="if that is meant, add --yes")


def _check_words(groups: Sequence[tuple[str, ...]]) -> None:
    """Raise InputInvalid for words that no record can hold: those that are not UTF-8."""
    for args in groups:
        for word in args:
            try:
                word.encode()
            except UnicodeEncodeError:
                raise InputInvalid(
                    f"the argument {word!r} is not UTF-8", hint="put it into a file and give the file's name"
                ) from None


def _name(path: Path | None) -> str | None:
    return str(path) if path else None
