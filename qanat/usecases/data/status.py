"""What datasets are now, and since which runs they have changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.data import COMMAND, NONE, DataState, difference, is_same
from qanat.domain.data_paths import is_in_project, is_url, located
from qanat.domain.experiment import Dataset
from qanat.git import worktree
from qanat.records import data_rows
from qanat.usecases.data.bounds import Bounds, TooMuch, outside_of
from qanat.usecases.data.definitions import is_missing, looked_at
from qanat.usecases.data.look import Data, inside, look
from qanat.usecases.project import Project

# A run's id, its experiment, and what a dataset was for it.
_Known = tuple[str, str, DataState]


@dataclass(frozen=True, slots=True)
class EarlierData:
    """What a dataset was for a run; `difference` says how it differs now: empty if it does not, None if unknown."""

    run: str
    experiment: str
    state: DataState
    difference: str | None

    @property
    def number(self) -> int:
        """The number in the run's id."""
        return int(self.run.partition("-")[0])


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """A dataset as it is now, or in `unknown` why that is not looked at, and what it was for runs, the newest first."""

    dataset: Dataset
    state: DataState | None
    unknown: str
    runs: tuple[EarlierData, ...]

    @property
    def last_same(self) -> list[EarlierData]:
        """The newest run of each experiment that had the same data."""
        return self._newest({run.run for run in self.runs if run.difference == ""})

    @property
    def last_other(self) -> list[EarlierData]:
        """The newest run of each experiment that had other data."""
        return self._newest({run.run for run in self.runs if run.difference})

    def _newest(self, wanted: set[str]) -> list[EarlierData]:
        found: dict[str, EarlierData] = {}
        for run in self.runs:
            if run.run in wanted:
                found.setdefault(run.experiment, run)
        return list(found.values())


def status_of(project: Project, datasets: Iterable[Dataset], bounds: Bounds | None = None) -> list[DatasetStatus]:
    """Return the status of these datasets; data outside of the project beyond `bounds` are left out.

    Starts no program.
    """
    runs = _runs_by_dataset(project)
    return [_status(project, dataset, runs.get(dataset.name, []), bounds) for dataset in datasets]


def _status(project: Project, dataset: Dataset, runs: list[_Known], bounds: Bounds | None) -> DatasetStatus:
    unknown, now = _why_unknown(project, dataset), None
    if not unknown:
        data = _here(project, dataset)
        try:
            now = look(project, replace(data, bounds=outside_of(project, data.path, bounds)))
        except TooMuch as much:
            unknown = f"{much}, outside of the project; to look at all: qanat dataset status {dataset.name} --full"
    earlier = (EarlierData(run, experiment, state, _difference(state, now)) for run, experiment, state in runs)
    return DatasetStatus(dataset, now, unknown, tuple(earlier))


def _difference(before: DataState, now: DataState | None) -> str | None:
    if now is None or (now.problem and not before.problem):
        return None  # what cannot be read need not have changed
    return difference(before, now) or ("" if is_same(before, now) else None)


def _why_unknown(project: Project, dataset: Dataset) -> str:
    if dataset.track == COMMAND:
        return "its command is run only for runs"
    if is_url(dataset.path):
        return "a URL, which runs record as it is"
    if not dataset.check:
        return "not looked at: check is false"
    if looked_at(dataset) == NONE:
        return "not tracked"
    return "does not exist" if is_missing(dataset, located(project.root, dataset.path)) else ""


def _here(project: Project, dataset: Dataset) -> Data:
    """Return the data of the working tree, which may differ from those of its commit."""
    path = located(project.root, dataset.path)
    at = inside(project.root, Path(path)) if is_in_project(dataset.path) else None
    commit = worktree.head(project.location) if at else None
    changed = bool(commit and at and worktree.uncommitted(project.location, at))
    return Data(dataset.name, path, dataset.track, at, commit, changed)


def _runs_by_dataset(project: Project) -> dict[str, list[_Known]]:
    """Return the runs that have recorded data of each dataset, the newest first."""
    with project.index() as index:
        index.sync()
        rows = index.data_of_runs()
    names: dict[str, str] = {}
    found: dict[str, list[_Known]] = {}
    for run, experiment, text in rows:
        if experiment not in names:
            names[experiment] = project.names_of(experiment)[0]
        for state in data_rows.read(json.loads(text), f"the record of run {run}", "data"):
            if not state.is_input:
                found.setdefault(state.name, []).append((run, names[experiment], state))
    return found
