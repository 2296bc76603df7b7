"""What a run is made of: its experiment and its datasets, as defined in a commit or the working tree."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qanat.domain.data_paths import is_in_project, located, url_problem
from qanat.domain.experiment import Experiment, Program
from qanat.domain.layout import is_inside, is_recorded
from qanat.errors import InputInvalid
from qanat.git.clones import why_not_in_clones
from qanat.system import files
from qanat.usecases.data.definitions import is_missing
from qanat.usecases.project import Project

_PROGRAM_BYTES_MAX = 2**20
_NEIGHBOURS_MAX = 50


@dataclass(frozen=True, slots=True)
class Definitions:
    """An experiment whose program and data exist; `datasets` maps their names to their paths, as defined."""

    experiment: Experiment
    datasets: Mapping[str, str]


def definitions_at(project: Project, commit: str | None, name: str) -> Definitions:
    """Read an experiment by a current or former name, and its datasets; commit None stands for the working tree.

    Datasets always have today's definitions, since the location of data is not part of the code. Raises
    NotFound with the nearest names, InputInvalid for a broken definition or a program or path that does not exist.
    """
    experiment = _experiment(project, commit, name)
    if commit is None:
        _check_program(project, experiment)
        _check_metrics(experiment)
        _check_code_paths(project, experiment)
    elif not _is_tracked(project, commit, _inside(experiment)):
        raise InputInvalid(f"{_program(experiment)} is not in commit {commit[:10]}", hint="choose another commit")
    return Definitions(experiment, {each: _dataset_path(project, commit, each) for each in experiment.datasets})


def _experiment(project: Project, commit: str | None, name: str) -> Experiment:
    """Return the experiment as defined in the commit, or in the working tree if the commit does not define it."""
    then = project.experiment_at(commit, name) if commit is not None else None
    return then or project.experiment(name)


def _check_program(project: Project, experiment: Experiment) -> None:
    """Raise InputInvalid if the program cannot be run from the working tree."""
    program = project.root / _inside(experiment)
    if not files.is_file(program):
        raise InputInvalid(
            f"{_program(experiment)} {'is not a file' if files.exists(program) else 'does not exist'}",
            hint=f"correct it with: qanat experiment update {experiment.name} --executable PATH",
        )
    if not experiment.program.command and not os.access(program, os.X_OK):
        raise InputInvalid(
            f"{_program(experiment)} is not executable",
            hint=f"chmod +x {shlex.quote(experiment.program.executable)}, or set executable_command",
        )


def _inside(experiment: Experiment) -> str:
    """Return the path of the program. Raises InputInvalid if it is not inside the project, or no code of it."""
    path = experiment.program.executable
    if not is_inside(path):
        raise InputInvalid(
            f"{_program(experiment)} is not inside the project", hint="use a path relative to the project root"
        )
    if is_recorded(str(PurePosixPath(path))):
        raise InputInvalid(
            f"{_program(experiment)} is among the records, which are not code",
            hint=f"move it, then: qanat experiment update {experiment.name} --executable PATH",
        )
    return path


def _check_metrics(experiment: Experiment) -> None:
    """Raise InputInvalid if a file of metrics is not among what the program leaves."""
    for source in experiment.metrics:
        if not is_inside(source.file):
            raise InputInvalid(
                f"experiment {experiment.name}: metrics: {source.file} is not inside the storage directory",
                hint="use a path relative to the storage directory, to which the program writes the file",
            )


def _check_code_paths(project: Project, experiment: Experiment) -> None:
    """Raise InputInvalid if a path of the experiment's code does not exist, or leads out of the project."""
    for path in experiment.code_paths:
        about = f"experiment {experiment.name}: code: paths: {path}"
        if not is_inside(path):
            raise InputInvalid(f"{about} is not inside the project", hint="use a path relative to the project root")
        if not os.path.lexists(project.root / path):
            raise InputInvalid(f"{about} does not exist", hint="correct it, or remove it from the definition")


def _is_tracked(project: Project, commit: str, path: str) -> bool:
    from qanat.git import checkout  # only for a run of another commit

    return checkout.is_tracked(project.location, commit, path)


def _program(experiment: Experiment) -> str:
    return f"experiment {experiment.name}: executable {experiment.program.executable}"


def _dataset_path(project: Project, commit: str | None, name: str) -> str:
    """Return the path of a dataset, whose data must be in the commit or on this machine, unless that is not checked."""
    dataset = project.dataset(name)
    path = dataset.path
    correct = f"correct it with: qanat dataset update {name} --path PATH"
    if problem := url_problem(path):
        raise InputInvalid(f"dataset {name}: path {path} {problem}", hint=correct)
    if is_in_project(path) and commit and _is_tracked(project, commit, path):
        return path
    if is_missing(dataset, located(project.root, path)):
        if why := why_not_in_clones(project.location, path):
            correct = f"{why}, so it is not part of a clone: copy it there, or {correct}"
        elsewhere = f"; if only other machines have it: qanat dataset update {name} --no-check"
        raise InputInvalid(f"dataset {name}: path {path} does not exist", hint=f"{correct}{elsewhere}")
    return path


def program_texts(project: Project, program: Program) -> bytes:
    """Return the text of a program in the working tree, with files of the same kind beside it.

    What is large or cannot be read is left out.
    """
    if not is_inside(program.executable):
        return b""
    path = project.root / program.executable
    return b"\n".join(_text(file) for file in dict.fromkeys([path, *_beside(path)]))


def _beside(path: Path) -> list[Path]:
    """List the first files of the same kind in the folder of a file."""
    try:
        found = sorted(file for file in path.parent.iterdir() if path.suffix and file.suffix == path.suffix)
    except (OSError, ValueError):  # ValueError: a null character
        return []
    return found[:_NEIGHBOURS_MAX]


def _text(path: Path) -> bytes:
    try:
        return files.read(path, limit_bytes=_PROGRAM_BYTES_MAX)
    except InputInvalid:
        return b""
