"""The data of a run that is about to start, and how they differ from those of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain import secret_checks
from qanat.domain.data import COMMAND, GIT, NONE, STAT, DataState, data_differ
from qanat.domain.data_paths import is_in_project
from qanat.domain.group_key import INPUTS_MAX
from qanat.domain.named_paths import absolute_paths, named_paths
from qanat.domain.run import Run
from qanat.usecases.data import earlier
from qanat.usecases.launch.inputs import is_in
from qanat.usecases.launch.plan import Plan
from qanat.usecases.launch.view import DataReport, LaunchView
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class RunData:
    """The paths of a run's datasets, and what they are."""

    datasets: Mapping[str, str]
    data: tuple[DataState, ...]


def before_start(
    project: Project, plan: Plan, commit: str, repeated: Run | None, view: LaunchView, *, allow_secrets: bool
) -> tuple[DataState, ...]:
    """Return what the data of a new run of a commit are, and show how they differ from those of an earlier run.

    That is the run that is repeated, or else the experiment's last one. Raises UsageError if a dataset's own program
    has printed what looks like a secret.
    """
    found = _look(project, plan.datasets, plan.place, commit, plan.groups, repeated)
    if not allow_secrets:
        _check_secrets(found)
    before = repeated or (earlier.last_run(project, plan.experiment.name) if found.data or found.datasets else None)
    _report(view, found, before, repeats=repeated is not None)
    return _unsettled(found.data, plan) if plan.order.active else found.data


def _unsettled(states: Sequence[DataState], plan: Plan) -> tuple[DataState, ...]:
    """Return states of data that earlier runs may change before the run reads them: only what git has is certain."""
    why = plan.order.why_unknown
    found = [state if _is_committed(state) else replace(state, problem=state.problem or why) for state in states]
    known = {state.name for state in found}
    names = [name for name in (*named_paths(plan.groups), *absolute_paths(plan.groups)) if name not in known]
    awaited = [name for name in names if is_in(name, plan.order.storages)]
    return (*found, *(DataState(name, STAT, problem=why, is_input=True) for name in awaited))


def _is_committed(state: DataState) -> bool:
    return state.track == GIT and bool(state.id) and not state.changed


def before_retry(
    project: Project, run: Run, place: Workplace, view: LaunchView, *, allow_secrets: bool
) -> tuple[DataState, ...]:
    """Return what the data of a run are if they differ from what they were at its launch, and show how.

    Raises UsageError as before_start() does.
    """
    groups = [group.args for group in run.groups]
    found = _look(project, run.datasets, place, run.code.commit, groups, run)
    if not allow_secrets:
        _check_secrets(found)
    _report(view, found, run, repeats=True)
    return found.data if data_differ(run, found) else ()


def _check_secrets(found: RunData) -> None:
    printed = {state.name: state.id for state in found.data if state.track == COMMAND}
    secret_checks.check_content("command of dataset", printed)


def _look(
    project: Project,
    datasets: Mapping[str, str],
    place: Workplace,
    commit: str,
    groups: Sequence[Sequence[str]],
    before: Run | None,
) -> RunData:
    """Look at datasets at the place where a run works, and at what the groups' arguments name."""
    states = [*_datasets(project, datasets, place, commit, before)] if datasets else []
    if names := [*named_paths(groups), *absolute_paths(groups)]:
        from qanat.usecases.data.inputs import look_at_inputs  # many arguments are only options and numbers

        states += look_at_inputs(project, names, commit)
    return RunData(datasets, tuple(states))


def _datasets(
    project: Project, datasets: Mapping[str, str], place: Workplace, commit: str, before: Run | None
) -> Iterator[DataState]:
    """Yield what datasets are; one that is no longer defined is looked at as for the run before."""
    from qanat.usecases.data.definitions import definition_of, looked_at  # many runs have no data
    from qanat.usecases.data.look import Data, inside, look

    tracked = {state.name: state.track for state in before.data if not state.is_input} if before else {}
    for name, path in datasets.items():
        dataset = definition_of(project, name, path, tracked.get(name, STAT))
        if (track := looked_at(dataset)) != NONE:
            where, folder = place.datasets[name], place.folder
            at = inside(folder, Path(where)) if is_in_project(path) else None
            yield look(project, Data(name, where, track, at, commit, command=dataset.command, folder=folder))


def _report(view: LaunchView, data: RunData, before: Run | None, *, repeats: bool) -> None:
    differences = data_differ(before, data) if before else []
    said = {str(difference) for difference in differences}
    problems = (f"{state.name}: {state.problem}" for state in data.data if state.problem)
    found = DataReport(
        earlier=before.number if before else 0,
        repeats=repeats,
        differences=tuple(differences),
        problems=tuple(problem for problem in problems if problem not in said),
        is_cut=sum(state.is_input for state in data.data) >= INPUTS_MAX,
    )
    if found.differences or found.problems or found.is_cut:
        view.data(found)
