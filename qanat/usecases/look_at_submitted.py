"""How submitted runs are doing: completion files first, then one question to each scheduler about all that is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qanat.domain import job, times
from qanat.domain.completion import STOPPED
from qanat.domain.experiment import MetricSource
from qanat.domain.job import JobHandle, JobStatus, Sightings
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, State, lost
from qanat.errors import InputInvalid, NotFound, QanatError, RunnerUnavailable
from qanat.records import run_codec, storage
from qanat.records.index import Index
from qanat.runners.base import Runner, Runners
from qanat.usecases.project import Project

# How long a shared disk may take to show a completion file after the scheduler says that a job has ended.
FILE_GRACE_S = 15.0
# How long a job may be unknown to a scheduler that answers before it counts as lost.
UNSEEN_GRACE_S = 60.0
# How long after a crash in the middle of a submission the scheduler may still be taking the jobs in.
SUBMIT_GRACE_S = 15.0


@dataclass(slots=True)
class Known:
    """Submitted runs as they are now, those whose jobs have just been found by their intent, and notes."""

    runs: list[Run] = field(default_factory=list)
    identified: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Memory:
    """What the cache remembers of a run: as it was last seen, when, and since when groups are unseen."""

    moment: str
    run: Run
    unseen: dict[int, str]


def look_at_submitted(project: Project, index: Index, runs: Sequence[Run], runners: Runners) -> Known:
    """Find out how these runs, none of which has ended, are doing; their records are not touched.

    A scheduler that does not answer leaves its runs as they were last seen, with one note.
    """
    known = Known()
    by_runner: dict[str, list[Run]] = {}
    for run in runs:
        by_runner.setdefault(run.runner.name, []).append(run)
    remembered: dict[str, str] = {}
    for name, group in by_runner.items():
        memories = {run.id: _recall(index, run) for run in group}
        try:
            runner = runners.submitting(name)
        except QanatError as error:
            known.notes.append(f"{error.message}; {_as_of(group, memories)}")
            known.runs += [_or_memory(run, memories[run.id]) for run in group]
            continue
        _ask(project, runner, group, memories, known, remembered)
    index.remember_seen(remembered, times.now())
    return known


def _ask(
    project: Project,
    runner: Runner,
    runs: Sequence[Run],
    memories: dict[str, _Memory | None],
    known: Known,
    remembered: dict[str, str],
) -> None:
    found = [_with_jobs(runner, run, known) for run in runs]
    completed = [_with_completions(project, run) for run in found]
    handles = {run.id: {g.number: handle_of(project, run, g) for g in run.groups if _is_open(g)} for run in completed}
    asked = [handle for of_run in handles.values() for handle in of_run.values()]
    seen = _poll(runner, asked)
    for run in completed:
        memory = memories[run.id]
        unseen = dict(memory.unseen) if memory else {}
        now = _combined(project, run, handles[run.id], seen, memory, unseen)
        known.runs.append(now)
        if not seen.problem and not now.state.ended:
            remembered[run_codec.path_of(now)] = _memorise(now, unseen)
        elif memory and not now.state.ended:
            remembered[run_codec.path_of(now)] = _memorise(memory.run, memory.unseen, memory.moment)
    if seen.problem and asked:
        open_runs = [run for run in completed if handles[run.id]]
        known.notes.append(f"{runner.title} did not answer ({seen.problem}); {_as_of(open_runs, memories)}")


def _poll(runner: Runner, handles: Sequence[JobHandle]) -> Sightings:
    if not handles:
        return Sightings({})
    try:
        return runner.poll(handles)
    except RunnerUnavailable as error:
        return Sightings({handle: JobStatus(None) for handle in handles}, error.message)


def _is_open(group: Group) -> bool:
    return not group.state.ended and group.job is not None


def handle_of(project: Project, run: Run, group: Group) -> JobHandle:
    """Give what finds the job of a group again."""
    details = {**run.submission, "folder": str(project.root / run.storage)}
    return JobHandle(str(run.submission.get("intent", "")), group.number, group.job, details)


def _with_jobs(runner: Runner, run: Run, known: Known) -> Run:
    """Find the jobs of a run whose submission was cut short, or find out that there are none."""
    missing = [g.number for g in run.groups if not g.state.ended and g.job is None]
    if not missing:
        return run
    try:
        submission = runner.find(str(run.submission.get("intent", "")), missing)
    except RunnerUnavailable as error:
        known.notes.append(f"{error.message}; whether run {run.number} was submitted is not known yet")
        return run
    if submission is not None:
        run = replace(
            run.with_groups(
                {n: replace(run.groups[n], job=submission.jobs[n]) for n in missing if n in submission.jobs}
            ),
            submission={**run.submission, **submission.details},
        )
        known.identified.append(run)
        return run
    begun = str(run.submission.get("submitted") or run.created)
    if (times.seconds_between(begun, None) or 0) < SUBMIT_GRACE_S:
        return run
    why = "nothing was submitted: its qanat was ended from outside before that"
    known.notes.append(f"run {run.number} of {run.experiment}: {why}")
    return run.with_groups(
        {n: replace(run.groups[n], state=State.CANCELLED, reason=why, ended=times.now()) for n in missing}
    )


def _with_completions(project: Project, run: Run) -> Run:
    changed = {}
    for group in run.groups:
        if not group.state.ended:
            own = _own(project, run, group)
            written = storage.read_completion(own)
            if written and written.attempt >= group.attempt:
                status = replace(written.status, restarts=written.attempt - group.attempt)
                changed[group.number] = _ended(project, run, group, status)
    return run.with_groups(changed)


def _combined(
    project: Project,
    run: Run,
    handles: dict[int, JobHandle],
    seen: Sightings,
    memory: _Memory | None,
    unseen: dict[int, str],
) -> Run:
    """Put together what the scheduler says now and what was seen before."""
    changed = {}
    for number, handle in handles.items():
        group, status = run.groups[number], seen.statuses[handle]
        if status.state is None and seen.problem:
            changed[number] = memory.run.groups[number] if memory else group
            continue
        if status.state is None:
            changed[number] = _unseen(project, run, group, memory, unseen)
            continue
        unseen.pop(number, None)
        changed[number] = _seen(project, run, group, status)
    return run.with_groups(changed)


def _seen(project: Project, run: Run, group: Group, status: JobStatus) -> Group:
    """Take what the scheduler says; an end that should have left a completion file is believed after a moment."""
    if status.state is None or not status.state.ended:
        return job.apply(group, status)
    if status.state is not State.CANCELLED and (times.seconds_between(status.ended, None) or 0) < FILE_GRACE_S:
        return job.apply(group, replace(status, state=State.RUNNING, exit_code=None, signal=None, reason="ending"))
    # Between the first look and the answer the file may have come.
    written = storage.read_completion(_own(project, run, group))
    if written and written.attempt >= group.attempt:
        status = replace(written.status, restarts=written.attempt - group.attempt)
    return _ended(project, run, group, status)


def _unseen(project: Project, run: Run, group: Group, memory: _Memory | None, unseen: dict[int, str]) -> Group:
    """Wait for a job that the scheduler does not know; it is lost when that lasts."""
    since = unseen.setdefault(group.number, times.now())
    last = memory.run.groups[group.number] if memory else group
    if (times.seconds_between(since, None) or 0) < UNSEEN_GRACE_S:
        return last
    own = _own(project, run, group)
    stopped = storage.read_completion(own, STOPPED)
    if stopped and stopped.attempt >= group.attempt:
        status = replace(
            stopped.status, state=State.CANCELLED, reason="stopped by the scheduler, which does not know why"
        )
        return _ended(project, run, group, status)
    where = f"no completion file in {own.name}, and {run.runner.name} does not know job {group.job}"
    return lost(replace(group, started=last.started, host=last.host), where)


def _ended(project: Project, run: Run, group: Group, status: JobStatus) -> Group:
    metrics, _ = storage.read_metrics(_own(project, run, group), _metric_sources(project, run))
    return replace(job.apply(group, status), metrics=metrics)


def _own(project: Project, run: Run, group: Group) -> Path:
    return group_folder(project.root / run.storage, group.number, len(run.groups))


def _metric_sources(project: Project, run: Run) -> Sequence[MetricSource]:
    try:
        return project.experiment(run.experiment).metrics
    except (InputInvalid, NotFound):
        return ()


# ---- what the cache remembers


def _memorise(run: Run, unseen: dict[int, str], moment: str | None = None) -> str:
    content: dict[str, Any] = {"moment": moment or times.now(), "unseen": unseen, "run": run_codec.to_mapping(run)}
    return json.dumps(content)


def _recall(index: Index, run: Run) -> _Memory | None:
    """Give what is remembered of a run; None when nothing is, or of an earlier submission."""
    found = index.last_seen(run_codec.path_of(run))
    if found is None:
        return None
    try:
        content = json.loads(found[1])
        then = run_codec.from_mapping(content["run"], run.id)
        unseen = {int(number): str(since) for number, since in content["unseen"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, InputInvalid):
        return None
    same = then.submission.get("intent") == run.submission.get("intent") and len(then.groups) == len(run.groups)
    return _Memory(str(content["moment"]), then, unseen) if same else None


def _or_memory(run: Run, memory: _Memory | None) -> Run:
    return memory.run if memory else run


def _as_of(runs: Sequence[Run], memories: dict[str, _Memory | None]) -> str:
    """Say which runs are shown as they were, and as of when."""
    moments = [m.moment for run in runs if (m := memories.get(run.id))]
    numbers = ", ".join(str(run.number) for run in runs)
    what = f"run{'s' if len(runs) > 1 else ''} {numbers}"
    return f"{what} shown as of {times.local(min(moments))}" if moments else f"{what} shown as submitted"
