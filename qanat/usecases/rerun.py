"""Running again: a whole run as a new one, or only what did not succeed inside the same one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain.completion import COMPLETION
from qanat.domain.experiment import CHECKOUT, Experiment, Program
from qanat.domain.layout import group_folder, is_inside
from qanat.domain.run import Asked, Group, Run, RunnerChoice, State
from qanat.errors import GitRefused, InputInvalid, NotFound, UsageError, write_failed
from qanat.git import checkout, worktree
from qanat.records import files, storage
from qanat.runners.base import AttachedRunner, Runner
from qanat.usecases import capture_code, checkouts, run_inputs
from qanat.usecases.capture_code import Captured
from qanat.usecases.checkouts import Workplace
from qanat.usecases.find_run import Found, check_ended, check_group
from qanat.usecases.follow_run import Outcome, RunView, Setting, follow_run
from qanat.usecases.plan_run import Plan, RunRequest
from qanat.usecases.project import Project
from qanat.usecases.start_run import own_processes
from qanat.usecases.submit_run import new_intent, submit

ATTEMPTS = "attempts"
TAG = "rerun"
# What belongs to the run and not to one attempt of a group.
_STAYS = frozenset({ATTEMPTS, storage.INFO, storage.GROUP_INFO, storage.PARAMETERS_FILES, "actions.yaml"})


def plan_rerun(project: Project, found: Found, live: list[Run]) -> tuple[Plan, Captured]:
    """Plan a run with the same code, parameters, parameters file and data as an earlier one.

    Raises GitRefused when its commit is gone, InputInvalid when its data or its parameters file are.
    """
    run = found.run
    _check_commit(project, run)
    groups, asked, instead = _with_kept_file(run, kept := _kept_parameters_file(found))
    _check_inputs(project, run, instead)
    place = checkouts.in_checkout(project, run.code.commit, run.datasets, groups, live, instead)
    _check_data(run, place)
    branch = worktree.checked_out(project.location)
    code = replace(run.code, branch=branch, workdir=CHECKOUT, changed_while_running=None)
    request = RunRequest(
        experiment=run.experiment,
        tags=tuple(dict.fromkeys((*run.tags, TAG))),
        description=run.description,
        commit=run.code.commit,
    )
    plan = Plan(
        request=request,
        experiment=_experiment(project, run),
        command=run.command,
        datasets=dict(run.datasets),
        asked=asked,
        groups=groups,
        place=place,
        parameters_file=kept,
        rerun_of=run.id,
    )
    return plan, Captured(code, run.code.commit, frozenset())


def chosen_groups(found: Found, numbers: Sequence[int], *, failed: bool) -> list[int]:
    """Choose the groups to run again: these, or all that failed, were cancelled or are lost. Raises UsageError."""
    check_ended(found, "none of its groups can be run again")
    again = [g.number for g in found.run.groups if g.state is not State.FINISHED]
    if numbers:
        chosen = sorted({check_group(found, number) for number in numbers})
        return [number for number in chosen if number in again] if failed else chosen
    if not again:
        raise UsageError(
            f"every group of run {found.run.number} has finished",
            hint="name one: --group I, or run it anew: qanat rerun",
        )
    return again


def retry(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    runner: AttachedRunner,
    view: RunView,
    live: list[Run],
    *,
    fail_fast: bool = False,
) -> Outcome:
    """Run groups again inside their run, with the same code; the outputs of earlier attempts are kept."""
    place = _place_again(project, found, live)
    before = capture_code.as_checked_out(project, found.run.code)
    with runner:
        run, setting = _again(project, found, numbers, place, own_processes(_checkout(project, place)))
        return follow_run(
            project,
            run,
            setting,
            numbers,
            runner,
            view,
            changed_code=lambda: place.folder == project.root and capture_code.changed_since(project, before),
            fail_fast=fail_fast,
        )


def retry_submitted(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    runner: Runner,
    live: list[Run],
    choice: RunnerChoice,
    changes: Mapping[str, str],
) -> Outcome:
    """Submit groups again inside their run, with these options, of which `changes` were set anew."""
    place = _place_again(project, found, live)
    intent = new_intent(_checkout(project, place)) | ({"changed": dict(changes)} if changes else {})
    run, setting = _again(project, found, numbers, place, intent)
    run = replace(run, runner=choice)
    return submit(project, run, setting, numbers, runner, new=False)


def _place_again(project: Project, found: Found, live: list[Run]) -> Workplace:
    """Give a place with the run's code and parameters file: the project when it holds just that, or a checkout."""
    run, kept = found.run, _kept_parameters_file(found)
    groups, _, instead = _with_kept_file(run, kept)
    if groups != tuple(group.args for group in run.groups):
        raise InputInvalid(
            f"the parameters file {run.asked.parameters_file} is not what it was when run {run.number} was launched",
            hint=f"run it anew with the file that was kept: qanat rerun {run.number}",
        )
    as_it_was = all(_same_bytes(project.root / path, file) for path, file in instead.items())
    if run.code.workdir != CHECKOUT and as_it_was and capture_code.is_here(project, run.code):
        place = checkouts.in_project(project, dict(run.datasets))
    else:
        _check_commit(project, run)
        place = checkouts.in_checkout(project, run.code.commit, run.datasets, groups, live, instead)
    _check_inputs(project, run, instead)
    _check_data(run, place)
    return place


def _checkout(project: Project, place: Workplace) -> str | None:
    return None if place.folder == project.root else project.paths.relative(place.folder)


def _again(
    project: Project, found: Found, numbers: Sequence[int], place: Workplace, submission: dict[str, object]
) -> tuple[Run, Setting]:
    """Give the run with these groups queued once more, what their last attempts left set aside."""
    for number in numbers:
        _set_aside(found, found.run.groups[number])
    last = {n: found.run.groups[n] for n in numbers}
    again = {n: Group(n, group.args, attempt=group.attempt + 1) for n, group in last.items()}
    inputs = {key: value for key, value in found.run.submission.items() if key == "inputs"}
    run = replace(found.run.with_groups(again), submission={**submission, **inputs})
    return run, Setting(found.folder, place, _experiment(project, run).metrics)


def _set_aside(found: Found, group: Group) -> None:
    """Move what an attempt left into `attempts/<n>/` of its group's directory."""
    own = group_folder(found.folder, group.number, len(found.run.groups))
    kept = own / ATTEMPTS / str(group.attempt)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        # The completion file first: without it no reader can take the old end for the new attempt's.
        for entry in sorted(own.iterdir(), key=lambda e: e.name != COMPLETION):
            if entry.name not in _STAYS:
                shutil.move(entry, kept / entry.name)
    except OSError as error:
        raise write_failed(kept, error) from None


def _check_commit(project: Project, run: Run) -> None:
    if not checkout.has_commit(project.location, run.code.commit):
        raise GitRefused(
            f"commit {run.code.commit[:10]} of run {run.number} is not in this repository",
            hint="fetch it from where the run was made: git fetch",
        )


def _check_data(run: Run, place: Workplace) -> None:
    for name, path in place.datasets.items():
        if not path.exists():
            raise InputInvalid(
                f"dataset {name} of run {run.number}: {path} is not there any more",
                hint="bring it back, or run it with other data: qanat run",
            )


def _check_inputs(project: Project, run: Run, instead: Mapping[str, Path]) -> None:
    inputs = run.submission.get("inputs")
    wanted = inputs if isinstance(inputs, list) else []
    run_inputs.check_there(project, run.number, [path for path in wanted if path not in instead])


def _with_kept_file(run: Run, kept: Path | None) -> tuple[tuple[tuple[str, ...], ...], Asked, dict[str, Path]]:
    """Let words that name the run's parameters file mean the copy that was kept of it.

    Gives the words of the groups, what was asked for, and files that a checkout is to link by path. Words
    change only where the file lies outside of the project and is not what it was.
    """
    groups, named = tuple(group.args for group in run.groups), run.asked.parameters_file
    if kept is None or named is None:
        return groups, run.asked, {}
    if is_inside(named):
        return groups, run.asked, {os.path.normpath(named): kept}
    if Path(named).is_absolute() and _same_bytes(Path(named), kept):
        return groups, run.asked, {}
    changed = tuple(tuple(_renamed(word, named, str(kept)) for word in args) for args in groups)
    return changed, replace(run.asked, parameters_file=str(kept)), {}


def _renamed(word: str, old: str, new: str) -> str:
    name, equals, value = word.rpartition("=")
    return f"{name}{equals}{new}" if value == old else word


def _same_bytes(first: Path, second: Path) -> bool:
    try:
        return files.read(first) == files.read(second)
    except InputInvalid:
        return False


def _kept_parameters_file(found: Found) -> Path | None:
    if found.run.asked.parameters_file is None:
        return None
    kept = found.folder / storage.PARAMETERS_FILES / Path(found.run.asked.parameters_file).name
    if not kept.is_file():
        raise InputInvalid(
            f"the parameters file that run {found.run.number} kept, {kept}, is not there any more",
            hint="run it anew with qanat run --parameters_file FILE",
        )
    return kept


def _experiment(project: Project, run: Run) -> Experiment:
    """Give today's experiment for its metrics; what ran comes from the record."""
    try:
        return project.experiment(run.experiment)
    except (InputInvalid, NotFound):
        return Experiment(run.experiment, Program(run.command[-1]))
