"""Determining how the groups of a local run ended without a living qanat, and whose run it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain import job
from qanat.domain.attempts import AttemptState
from qanat.domain.completion import COMPLETION
from qanat.domain.experiment import MetricSource
from qanat.domain.intents import may_be_of
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.layout import group_folder
from qanat.domain.measured import Measured
from qanat.domain.run import Group, Run, State, lost
from qanat.errors import InputInvalid, NotFound, user_name
from qanat.records import storage
from qanat.records.flight import Flight, with_attempts
from qanat.records.measured import read_measured
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.runners.protocol import InProcessRunner

NOT_STARTED = "not started: qanat was killed before that"


def owner_of(project: Project, run: Run, seen: Flight | None = None) -> str | None:
    """Return the name of the other user who started a run here; None if it was this user, or cannot be known.

    The journal says so, or else the owner of the storage directory, since a record may be checked out by anybody. Root
    sees and may do everything, so no run is another user's for root.
    """
    try:
        owner = seen.watcher.user if seen else None
        owner = project.storage_of(run).lstat().st_uid if owner is None else owner
    except FileNotFoundError:
        return None
    except OSError:
        return "another user"
    return None if os.geteuid() in (0, owner) else user_name(owner)


def with_journal(run: Run, seen: Flight | None) -> Run:
    """Return the run with what its journal says."""
    if seen is None or run.state.ended:
        return run
    run = with_attempts(run, seen)
    changed: dict[int, Group] = {}
    for number, (handle, started) in seen.started.items():
        changed[number] = job.apply_start(run.groups[number], job.JobStarted(handle, started))
    for number, status in seen.ended.items():
        ended = job.apply_status(changed.get(number, run.groups[number]), status)
        changed[number] = ended.with_measured(seen.measured.get(number, Measured()))
    return run.with_groups(changed)


def settle(project: Project, run: Run, seen: Flight | None, runner: InProcessRunner) -> Run:
    """Determine how the groups of a run without a watcher ended, from completion files and living processes.

    The processes of another user cannot be looked for, so groups of another user's run that left no completion file
    stay as they are.
    """
    run = with_journal(run, seen)
    open_groups = [g for g in run.groups if not g.state.ended]
    handles = {g.number: _handle(run, g, seen) for g in open_groups}
    # Processes first: one that ends between the two checks has left its file by the second.
    alive = {} if owner_of(project, run, seen) else runner.poll(list(handles.values()))
    folder = project.storage_of(run)
    sources = metric_sources(project, run)
    changed = {}
    for group in open_groups:
        own = group_folder(folder, group.number, len(run.groups))
        done = _settle_group(run, group, own, alive.get(handles[group.number]), has_journal=seen is not None)
        changed[group.number] = done.with_measured(read_measured(own, sources)[0]) if done.state.ended else done
    for number in set(seen.ended) - set(seen.measured) if seen else ():
        own = group_folder(folder, number, len(run.groups))
        changed[number] = run.groups[number].with_measured(read_measured(own, sources)[0])
    return run.with_groups(changed)


def _settle_group(run: Run, group: Group, own: Path, seen: JobStatus | None, *, has_journal: bool) -> Group:
    written = storage.read_completion(own, run.command)
    if written and written.attempt >= group.attempt:
        if run.checkpoint and written.status.exit_code == run.checkpoint.exit_code is not None:
            group = job.apply_continuation(group, written.status)
            return replace(group, state=State.CANCELLED, reason=NOT_STARTED)
        return job.apply_status(group, written.status)
    if seen is None:
        return group
    if seen.state is State.RUNNING:
        return job.apply_status(group, seen)
    # Without a journal, an empty place may also mean that the results have been moved.
    has_printed = not _is_between_attempts(group) and (own / "stdout.txt").exists()
    if group.started is None and not has_printed and (has_journal or own.is_dir()):
        return replace(group, state=State.CANCELLED, reason=NOT_STARTED)
    process = f"process {group.job}" if group.job else "process of it"
    return lost(group, f"no {COMPLETION} in {own.name} and no {process}")


def _is_between_attempts(group: Group) -> bool:
    last = group.earlier[-1] if group.earlier else None
    return last is not None and (last.attempt, last.state) == (group.attempt - 1, AttemptState.CHECKPOINT)


def _handle(run: Run, group: Group, seen: Flight | None) -> JobHandle:
    if seen and group.number in seen.started:
        return seen.started[group.number][0]
    intent = run.submission.intent
    return JobHandle(intent if may_be_of(intent, run.id) else "", group.number)


def metric_sources(project: Project, run: Run) -> Sequence[MetricSource]:
    """Return the files of numbers of a run's experiment, as it is defined now; none if it cannot be read."""
    try:
        return project.experiment(run.experiment).metrics
    except (InputInvalid, NotFound):
        return ()
