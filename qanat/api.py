"""Runs as Python objects, for notebooks and for actions.

import qanat

project = qanat.open(".")
for run in project.runs(experiment="summary_iris", state="finished"):
    print(run.id, run.path, run.groups[0].metrics)
table = project.runs(where=["nbins>=20"]).to_pandas()
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

from qanat.domain import run as records
from qanat.domain import search, times
from qanat.domain.comparison import parameters_of
from qanat.domain.layout import group_folder
from qanat.domain.parameters import by_name
from qanat.errors import RunnerUnavailable
from qanat.runners.registry import Registry
from qanat.usecases import project as projects
from qanat.usecases.runs.listing import current_runs
from qanat.usecases.tracking.find import find_run, read_comment
from qanat.usecases.tracking.refresh import refreshed

if TYPE_CHECKING:
    import pandas as pd


def open(path: str | Path = ".") -> Project:  # qanat.open(".") reads as it is meant
    """Open the project that contains path. Raises qanat.errors.ProjectNotFound if there is none."""
    return Project(projects.open_project(Path(path)))


@dataclass(frozen=True, slots=True)
class Group:
    """One execution of the program: its arguments, how it ended, its directory."""

    record: records.Group
    path: Path

    @property
    def number(self) -> int:
        """Its number in the run, from 0."""
        return self.record.number

    @property
    def state(self) -> str:
        """Its state: queued, running, held, finished, failed, cancelled or lost."""
        return self.record.state.value

    @property
    def args(self) -> tuple[str, ...]:
        """The program's own arguments, as they were typed."""
        return self.record.args

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        """The arguments by name: `pos_0`, … for those before the first option, then `--option`: value."""
        return by_name(self.record.args)

    @property
    def metrics(self) -> Mapping[str, float]:
        """The numbers that the program left."""
        return self.record.metrics

    @property
    def exit_code(self) -> int | None:
        """The program's exit code; None while it runs, or if a signal killed it."""
        return self.record.exit_code


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as it was when it was requested."""

    record: records.Run
    path: Path
    comment: str

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return self.record.id

    @property
    def number(self) -> int:
        """The number that people type."""
        return self.record.number

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self.record.experiment

    @property
    def state(self) -> str:
        """Its state: queued, running, held, finished, failed, cancelled or lost."""
        return self.record.state.value

    @property
    def description(self) -> str:
        """What it is for."""
        return self.record.description

    @property
    def runner(self) -> str:
        """Where it ran: local, htcondor, …"""
        return self.record.runner.name

    @property
    def started(self) -> datetime | None:
        """When its first group started."""
        return times.parse(self.record.started) if self.record.started else None

    @property
    def ended(self) -> datetime | None:
        """When its last group ended; None until all have."""
        return times.parse(self.record.ended) if self.record.ended else None

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.record.tags

    @property
    def commit(self) -> str:
        """The commit whose code ran."""
        return self.record.code.commit

    @property
    def groups(self) -> list[Group]:
        """Its groups, ordered by number."""
        count = len(self.record.groups)
        return [Group(g, group_folder(self.path, g.number, count)) for g in self.record.groups]

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        """The parameters of its first group, which is the only one of a simple run."""
        return self.groups[0].parameters

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of its first group, which is the only one of a simple run."""
        return self.groups[0].metrics


class Runs(Sequence[Run]):
    """Runs, newest first."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = list(runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    @overload
    def __getitem__(self, index: int) -> Run: ...

    @overload
    def __getitem__(self, index: slice) -> Runs: ...

    def __getitem__(self, index: int | slice) -> Run | Runs:
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row for each group: ids, state, parameters and metrics as columns.

        Parameters are numbers if all their values are. A parameter or metric whose name is taken is prefixed with
        `parameter.` or `metric.`. Raises RunnerUnavailable if pandas is not installed.
        """
        try:
            import pandas as pd  # only needed here
        except ImportError:
            raise RunnerUnavailable("pandas is needed for to_pandas()", hint="pip install pandas") from None
        pairs = [(run, group) for run in self for group in run.groups]
        taken = {*_KNOWN, *(name for _, group in pairs for name in parameters_of(group.record))}
        frame = pd.DataFrame([_columns(run, group, taken) for run, group in pairs])
        for column in frame.columns.difference(list(_KNOWN)):
            numbers = pd.to_numeric(frame[column], errors="coerce")
            if numbers.notna().equals(frame[column].notna()):
                frame[column] = numbers
        return frame


class Project:
    """An open project."""

    def __init__(self, project: projects.Project) -> None:
        self._project = project
        self._runners = Registry()

    @property
    def path(self) -> Path:
        """Its top folder."""
        return self._project.root

    def runs(
        self,
        experiment: str | None = None,
        *,
        state: str | None = None,
        tag: str | None = None,
        where: Sequence[str] = (),
    ) -> Runs:
        """Return the runs that meet all of these conditions, newest first.

        `where` are conditions as in `qanat explore`: "nbins>=20", "--lr=0.1", "commit:4a1f", "after:2026-11-01".
        Warns of each record that cannot be read, such as one that a newer qanat wrote. Raises UsageError for an
        invalid condition, NotFound for an experiment that is neither defined nor has runs.
        """
        texts = [*where, *([f"state:{state}"] if state else []), *([f"tag:{tag}"] if tag else [])]
        conditions = [search.parse(text) for text in texts]
        with refreshed(self._project, self._runners) as (index, result):
            found = [run for _, run in current_runs(self._project, index, result, experiment=experiment)]
            unreadable = index.unreadable(experiment)
        for problem in unreadable:
            warnings.warn(problem, stacklevel=2)
        if experiment is not None and not found:
            self._project.experiment(experiment)
        return Runs([self._wrap(run) for run in found if all(c.meets(run) for c in conditions)])

    def run(self, run: str | int) -> Run:
        """Return one run by its number or id. Raises NotFound, or UsageError if several runs have the number."""
        with refreshed(self._project, self._runners) as (index, result):
            return self._wrap(find_run(self._project, index, result, str(run)).run)

    def _wrap(self, run: records.Run) -> Run:
        return Run(run, self._project.storage_of(run), read_comment(self._project, run))


_KNOWN = ("run", "experiment", "group", "state", "commit", "path")


def _columns(run: Run, group: Group, taken: Collection[str]) -> dict[str, object]:
    known = (run.id, run.experiment, group.number, group.state, run.commit, str(group.path))
    columns: dict[str, object] = dict(zip(_KNOWN, known, strict=True))
    for name, value in parameters_of(group.record).items():
        columns[f"parameter.{name}" if name in _KNOWN else name] = value
    for name, number in group.metrics.items():
        columns[f"metric.{name}" if name in taken else name] = number
    return columns
