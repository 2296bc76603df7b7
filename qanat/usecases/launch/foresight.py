"""What a launch would find, without writing anything: the code, the data, and what has been run already."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain.data import COMMAND, GIT, NONE, DataState
from qanat.domain.data_paths import is_in_project
from qanat.domain.experiment import Experiment
from qanat.domain.group_key import SharedKey
from qanat.domain.named_paths import absolute_paths, named_paths
from qanat.domain.standing import Standing
from qanat.git import content, worktree
from qanat.records import environments
from qanat.records.environments import Described
from qanat.runners.protocol import Runners
from qanat.system import files
from qanat.usecases.data.bounds import ASKED, outside_of
from qanat.usecases.data.definitions import looked_at
from qanat.usecases.data.inputs import look_at_inputs
from qanat.usecases.data.look import Data, inside, look_within
from qanat.usecases.environment import look as environment
from qanat.usecases.environment.interpreter import NotStarted, started_by
from qanat.usecases.launch import keys, leaving_out, needed
from qanat.usecases.launch.findings import Findings
from qanat.usecases.launch.plan import Needed, Plan
from qanat.usecases.project import Project


def foresee(
    project: Project, plan: Plan, commit: str | None, *, in_checkout: bool, counts: Callable[[str], bool]
) -> Findings:
    """Return what a launch of a plan would find; without a commit, the code is that of the working tree.

    `counts` says whether an untracked file may be code. What a dataset's command would say is not known: no program is
    started.
    """
    changed = () if commit else tuple(_changed(project, plan.experiment, counts))
    head = commit or worktree.head(project.location) or ""
    states = _look_ahead(project, plan, head, in_checkout=in_checkout)
    if not head:
        return Findings(None, SharedKey(), states)
    described = _environment(project, plan, head if in_checkout else None)
    key = keys.shared_key(project, plan, head, states, described)
    if changed:
        return Findings(None, replace(key, code=None), states, described, changed)
    return Findings(head, key, states, described)


def _environment(project: Project, plan: Plan, checked_out: str | None) -> Described | None:
    """Return the environment that the program would find; None in a container, or if that has to start something.

    It is not known either if a checkout of this commit has other software than the working tree.
    """
    if plan.enclosure or (checked_out and not _has_same_software(project, plan.command, checked_out)):
        return None
    try:
        found = environment.look(project, plan.command, plan.place.folder, starts=False)
    except NotStarted:
        return None
    return environments.encode(found) if found.is_known else None


def _has_same_software(project: Project, command: Sequence[str], commit: str) -> bool:
    """Return whether a commit has the lock files, and the interpreter if that is in it, of the working tree."""
    started = started_by(command, project.root, os.environ)
    programs = [os.path.relpath(path, project.root) for path in (started.python, started.other) if path]
    names = [*environment.LOCKS, *(path for path in programs if is_in_project(path))]
    head = worktree.head(project.location) or commit
    now, then = (content.entries(project.location, each, names) for each in (head, commit))
    return now == then and all(then[name] or not files.exists(project.root / name) for name in names)


def standings(
    project: Project, runners: Runners, plan: Plan, found: Findings, asked: Needed | None
) -> tuple[Standing, ...]:
    """Return what earlier runs say about each group of a plan; runs are taken as they are recorded."""
    ignored = asked.ignored if asked else ()
    with project.index() as index:
        index.sync()
        return tuple(needed.standings(project, index, runners, leaving_out.wanted(plan, found, ignored)))


def has_runs(project: Project, experiment: str) -> bool:
    """Return whether there are runs of an experiment."""
    with project.index() as index:
        index.sync()
        return bool(index.summaries(experiment=experiment, newest=1))


def _changed(project: Project, experiment: Experiment, counts: Callable[[str], bool]) -> list[str]:
    """List the changed files that are code of an experiment."""
    changes = worktree.status(project.location).changes
    found = [c.path for c in changes if c.letters != "??" or (not c.path.endswith("/") and counts(c.path))]
    return [path for path in found if experiment.has_code(path)]


def _look_ahead(project: Project, plan: Plan, commit: str, *, in_checkout: bool) -> tuple[DataState, ...]:
    """Return what the data of a run of a commit would be; in a checkout, data of the commit are as it has them."""
    states = []
    for name, path in plan.datasets.items():
        dataset = project.dataset(name)
        at = inside(project.root, Path(plan.place.datasets[name])) if is_in_project(path) and commit else None
        tracked = content.at(project.location, commit, at) if at and in_checkout else None
        if (track := looked_at(dataset)) == COMMAND:
            states.append(DataState(name, COMMAND, problem="its command is started only for runs"))
        elif tracked and track != NONE:
            states.append(DataState(name, GIT, files=tracked.files, id=tracked.id))
        elif track != NONE:
            changed = bool(at and worktree.uncommitted(project.location, at))
            where = plan.place.datasets[name]
            bounds = outside_of(project, where, ASKED)
            states.append(look_within(project, Data(name, where, track, at, commit or None, changed, bounds=bounds)))
    if commit and (names := [*named_paths(plan.groups), *absolute_paths(plan.groups)]):
        states += look_at_inputs(project, names, commit, ASKED)
    return tuple(states)
