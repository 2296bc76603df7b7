"""The data of a run that is about to start, and how they differ from those of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qanat.domain.data import DataState, data_differ
from qanat.domain.run import Run
from qanat.usecases.data import earlier
from qanat.usecases.data.look import Data, inside, look
from qanat.usecases.launch.view import DataReport, LaunchView
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class RunData:
    """The paths of a run's datasets, and what they are."""

    datasets: Mapping[str, str]
    data: tuple[DataState, ...]


def look_at_data(project: Project, datasets: Mapping[str, str], place: Workplace, commit: str) -> RunData:
    """Return what the datasets are at the place where a run of this commit works."""
    states = (
        look(project, Data(name, path, inside=inside(place.folder, path), commit=commit))
        for name, path in place.datasets.items()
    )
    return RunData(datasets, tuple(states))


def report(view: LaunchView, data: RunData, before: Run | None, *, repeats: bool) -> None:
    """Show in what data differ from those of an earlier run, which `repeats` says is repeated, and their problems."""
    found = DataReport(
        earlier=before.number if before else 0,
        repeats=repeats,
        differences=tuple(data_differ(before, data)) if before else (),
        problems=tuple(f"{state.name}: {state.problem}" for state in data.data if state.problem),
    )
    if found.differences or found.problems:
        view.data(found)


def before_launch(project: Project, data: RunData, experiment: str, repeated: Run | None, view: LaunchView) -> None:
    """Compare the data of a launch with those of the run that it repeats, or else of the experiment's last one."""
    if data.data:
        before = repeated or earlier.last_run(project, experiment)
        report(view, data, before, repeats=repeated is not None)
