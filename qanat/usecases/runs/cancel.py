"""Cancelling active runs, from any terminal."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from qanat.domain import times
from qanat.domain.intents import is_made_for, may_be_of
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import Group, Run, State, count_states
from qanat.errors import UsageError
from qanat.records import cancelled_groups, flight, retries, run_codec
from qanat.records.flight import Flight
from qanat.runners.protocol import CanHold, InProcessRunner, Runner, Runners
from qanat.system import processes
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Proof
from qanat.usecases.runs import order
from qanat.usecases.tracking import manifests, notices, record
from qanat.usecases.tracking.find import Found, deletion_hint
from qanat.usecases.tracking.settle import NOT_STARTED, owner_of, settle
from qanat.usecases.tracking.submission import Job, jobs_of

JOBS_NAMED = 5
WATCHER_S = 22.0  # a watcher kills programs 10 s after asking them to end
_WAITING = {State.QUEUED, State.HELD}
_CANCELLED = f"cancelled by {signal.SIGTERM.name}"


def cancel_run(project: Project, found: Found, runners: Runners) -> tuple[Run, list[str]]:
    """Cancel a run; return it as it was recorded, and what the user should know.

    A scheduler is asked to remove the jobs, and the run is returned as it was before that took effect. A
    living watcher is asked to end the run and records it; without a watcher, its processes are ended from here. A run
    that has ended, and is about to be retried by its policy, is retried no more. Raises UsageError for any other run
    that has ended, was started on another machine or by another user, or is watched in another clone.
    """
    run = found.run
    if found.retry and run.state.ended:
        _end_retries(project, run, found.retry.groups)
        return run, [f"run {run.number} of {run.experiment} will not be retried"]
    _check_active(run)
    if not runners.is_in_process(run.runner.name):
        _check_intent(run, "cancelled")
        retries.forget(project.location.private, run.id)
        runners.submitting(run.runner.name).cancel([job.handle for job in open_jobs(project, run)])
        notices.forget(project, run)
        return run, []
    seen = _flight_of(project, run)
    notices.forget(project, run)
    if seen and _is_watched(seen):
        return _ask_watcher(project, found, seen), []
    return _end_processes(project, found, seen, runners.local())


def _flight_of(project: Project, run: Run) -> Flight | None:
    """Return the journal of a run of this machine. Raises UsageError for one of another machine or user."""
    seen = flight.read(project.location.private / flight.FOLDER / f"{run.id}.jsonl")
    if run.host != os.uname().nodename:
        raise UsageError(
            f"run {run.number} was started on {run.host}", hint=f"cancel it there: qanat cancel {run.number}"
        )
    if owner := owner_of(project, run, seen):
        what = f"run {run.number} was started by {owner}"
        raise UsageError(what, hint=f"only {owner} can cancel it: qanat cancel {run.number}")
    return seen


def _is_watched(seen: Flight) -> bool:
    return processes.is_alive(seen.watcher.pid, seen.watcher.process_start)


@dataclass(frozen=True, slots=True)
class CancelledGroups:
    """Groups that were to be cancelled, by their numbers: those that are, and those that are retried no more.

    Those in `ended` had ended before, and nothing was left to be done.
    """

    active: tuple[int, ...]
    unretried: tuple[int, ...]
    ended: tuple[int, ...]

    def problems(self, run: Run) -> list[str]:
        """Return a sentence on each group that had ended before."""
        return [f"group {n} of run {run.number} has already ended: {run.groups[n].state}" for n in self.ended]


def cancel_groups(project: Project, found: Found, groups: Sequence[int], runners: Runners) -> CancelledGroups:
    """Cancel some groups of a run, and retries of them that are pending; the other groups continue.

    A scheduler, or the process that watches the run, is asked to do so, which may take a while. Without a watcher, the
    processes are ended from here. Raises UsageError if all of them have ended for good, and as cancel_run() does.
    """
    run, pending = found.run, found.retry.groups if found.retry else {}
    if not pending:
        _check_active(run)
    ended = {n for n in groups if run.groups[n].state.ended}
    chosen = CancelledGroups(
        active=tuple(n for n in groups if n not in ended),
        unretried=tuple(n for n in groups if n in pending),
        ended=tuple(n for n in groups if n in ended and n not in pending),
    )
    if len(chosen.ended) == len(groups):
        raise UsageError(chosen.problems(run)[0])
    if chosen.unretried:
        _end_retries(project, run, chosen.unretried)
    if chosen.active:
        _cancel_active(project, found, chosen.active, runners)
    return chosen


def _end_retries(project: Project, run: Run, groups: Collection[int]) -> None:
    """Note that groups are retried no more. Raises UsageError if another command is about to submit them."""
    noted = retries.read(project.location.private, run.id)
    if noted is None:
        return
    with retries.claimed(noted) as ours:
        if ours:
            retries.write(ours.without(groups), project.sharing)
        elif noted.file.exists():
            raise UsageError(
                f"run {run.number} is being retried by another command",
                hint=f"cancel it once it has been submitted: qanat cancel {run.number}",
            )


def _cancel_active(project: Project, found: Found, groups: Sequence[int], runners: Runners) -> None:
    """Have groups cancelled that have not ended."""
    run = found.run
    if not runners.is_in_process(run.runner.name):
        _cancel_submitted(project, run, groups, _steerable(found, runners, "cancelled group by group"))
        return
    seen = _flight_of(project, run)
    if seen and _is_watched(seen):
        flight.ask_to_cancel_groups(seen, groups)
    else:
        _end_some(run, groups, seen, runners.local())


def _cancel_submitted(project: Project, run: Run, groups: Sequence[int], runner: Runner) -> None:
    """Remove the jobs that have no other groups left; tell other jobs to continue without these."""
    jobs = [job for job in open_jobs(project, run) if any(g.number in groups for g in job.groups)]
    kept = [job for job in jobs if any(not g.state.ended and g.number not in groups for g in job.groups)]
    rest = sorted(g.number for job in kept for g in job.groups if g.number in groups)
    if rest and not Proof(project).may_be_written(run):
        raise UsageError(
            f"group {rest[0]} of run {run.number} cannot be cancelled alone: its directory may not be qanat's",
            hint=f"cancel the whole run: qanat cancel {run.number}",
        )
    if rest:
        cancelled_groups.note(project.storage_of(run), run.submission.intent, rest)
    if removed := [job.handle for job in jobs if job not in kept]:
        runner.cancel(removed)


def _end_some(run: Run, groups: Sequence[int], seen: Flight | None, runner: InProcessRunner) -> None:
    """End the processes of some groups of a run that no qanat watches; the next look at it finds their ends."""
    handles, alive = _alive(run, seen, groups, runner)
    runner.cancel(handles)
    if seen:
        ended = JobStatus(State.CANCELLED, reason=_CANCELLED, ended=times.now_exact())
        flight.note_ends(seen, alive, ended)


def _alive(
    run: Run, seen: Flight | None, groups: Sequence[int], runner: InProcessRunner
) -> tuple[list[JobHandle], set[int]]:
    """Return handles of groups of a run that no qanat watches, and which of the groups have processes.

    Raises UsageError if a qanat watches them after all, whose journal another clone has.
    """
    if not seen:
        _check_intent(run, "cancelled")
    intent = run.submission.intent
    handles = {n: JobHandle(intent, n) for n in groups} if is_made_for(intent, run.id) else {}
    handles |= {n: handle for n, (handle, _) in seen.started.items() if n in groups} if seen else {}
    found = runner.poll(list(handles.values()))
    alive = {h.group for h, status in found.items() if status.state is State.RUNNING}
    if alive and not seen:
        _check_unwatched(run)
    return list(handles.values()), alive


def _check_unwatched(run: Run) -> None:
    """Raise UsageError if a run of another clone is watched there: its qanat would record a program that was killed."""
    facts = run.submission
    if facts.pid and processes.is_alive(facts.pid, facts.process_start or ""):
        raise UsageError(
            f"run {run.number} was started in another clone, and its qanat process {facts.pid} watches it",
            hint=f"cancel it there: qanat cancel {run.id}",
        )


def hold_run(project: Project, found: Found, runners: Runners) -> int:
    """Hold the queued jobs of a submitted run, and return how many groups are running: these continue.

    Raises UsageError for a run that cannot be held, or of which no group waits.
    """
    run, runner = found.run, _holding(_steerable(found, runners, "held"))
    jobs = [(job.handle, {group.state for group in job.groups}) for job in open_jobs(project, run)]
    # Groups wait in a job that runs, too, and it continues.
    waiting = [handle for handle, states in jobs if states & _WAITING and State.RUNNING not in states]
    running = count_states(run.groups).get(State.RUNNING, 0)
    if not waiting:
        what = f"run {run.number} of {run.experiment} has no queued groups: {running:,} running"
        raise UsageError(what, hint=f"a running group cannot be held; end the run: qanat cancel {run.number}")
    runner.hold(waiting)
    order.keep_held(project, run)
    return running


def release_run(project: Project, found: Found, runners: Runners) -> bool:
    """Release the held jobs of a submitted run; return whether they may start now, and need not wait for another run.

    Raises UsageError for a run that cannot be released.
    """
    runner = _holding(_steerable(found, runners, "released"))
    allowed = order.release(project, found.run)
    if allowed.jobs:
        runner.release([job.handle for job in open_jobs(project, found.run)])
    return allowed.starts


def _check_active(run: Run) -> None:
    if run.state.ended:
        raise UsageError(f"run {run.number} of {run.experiment} has already ended: {run.state}")


def _holding(runner: Runner) -> CanHold:
    if not isinstance(runner, CanHold):
        raise UsageError(f"runner {runner.name} cannot hold jobs", hint="cancel the run, and retry it later")
    return runner


def _steerable(found: Found, runners: Runners, what: str) -> Runner:
    run = found.run
    _check_active(run)
    if runners.is_in_process(run.runner.name):
        raise UsageError(f"run {run.number} is a {run.runner.name} run, which cannot be {what}")
    _check_intent(run, what)
    return runners.submitting(run.runner.name)


def _check_intent(run: Run, what: str) -> None:
    """Raise UsageError if the intent in a run's record is not its own: then nothing shows that its jobs are."""
    intent = run.submission.intent
    if not is_made_for(intent, run.id):
        raise UsageError(
            f"run {run.number} cannot be {what}: the intent in its record was not made for run {run.id}",
            hint=_own_hands(run) if may_be_of(intent, run.id) else deletion_hint(run),
        )


def _own_hands(run: Run) -> str:
    """Return what to do about a record that an earlier qanat may have written, whose intents name no run."""
    jobs = [group.job for group in run.groups if group.job and not group.state.ended]
    named = f"{', '.join(jobs[:JOBS_NAMED])}{', …' if len(jobs) > JOBS_NAMED else ''}"
    own = f"use the scheduler's own command for job{'' if len(jobs) == 1 else 's'} {named}" if jobs else "wait"
    path = shlex.quote(run_codec.path_of(run))
    return f"if an earlier qanat submitted it (see git log {path}), {own}; if the record is a copy, git rm {path}"


def open_jobs(project: Project, run: Run) -> list[Job]:
    """Return the jobs that have groups that have not ended."""
    jobs = jobs_of(project, run, [group.number for group in run.groups if group.job and not group.state.ended])
    if Proof(project).may_be_written(run):
        return jobs
    # A cancellation is noted in the folder, and this one may be anybody's.
    return [replace(job, handle=_without_folder(job.handle)) for job in jobs]


def _without_folder(handle: JobHandle) -> JobHandle:
    return replace(handle, details={key: value for key, value in handle.details.items() if key != "folder"})


def _ask_watcher(project: Project, found: Found, seen: Flight) -> Run:
    """Ask the process that watches the run to cancel it, and wait until that is recorded."""
    flight.ask_to_cancel(seen)
    watcher, clock = seen.watcher, project.clock
    deadline = clock.monotonic() + WATCHER_S
    while clock.monotonic() < deadline:
        if not seen.file.exists() or not processes.is_alive(watcher.pid, watcher.process_start):
            return _recorded(project, found)
        clock.sleep(0.02)
    raise UsageError(
        f"run {found.run.number} did not end: its qanat process {watcher.pid} does not respond",
        hint=f"kill it with: kill -9 {watcher.pid}",
    )


def _recorded(project: Project, found: Found) -> Run:
    path = project.root / found.record
    return record.load_record(project, found.record) if path.is_file() else found.run


def _end_processes(
    project: Project, found: Found, seen: Flight | None, runner: InProcessRunner
) -> tuple[Run, list[str]]:
    """End the processes of a run that no qanat watches, and record its unfinished groups as cancelled."""
    unended = [g.number for g in found.run.groups if not g.state.ended]
    handles, alive = _alive(found.run, seen, unended, runner)
    before = record.load_record(project, found.record)
    runner.cancel(handles)
    ended = settle(project, found.run, seen, runner)
    cancelled = ended.with_groups({g.number: _cancelled(g, alive=g.number in alive) for g in ended.groups})
    cancelled, problems = manifests.with_manifests(project, cancelled, runner.generated_files)
    run, notes = record.update_record(project, found.record, record.learning(before, cancelled))
    if seen:
        flight.forget(seen)
    return run, [*problems, *notes]


def _cancelled(group: Group, *, alive: bool) -> Group:
    """Return a group after the cancellation; one that ended by itself before keeps its end."""
    if alive:
        return replace(group, state=State.CANCELLED, reason=_CANCELLED)
    if group.reason == NOT_STARTED:
        return replace(group, state=State.CANCELLED, reason="cancelled before it started")
    return group
