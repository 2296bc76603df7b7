"""The state of submitted runs: from completion files first, then from one query per scheduler for all the rest."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qanat.domain import job, times
from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.experiment import MetricSource
from qanat.domain.job import JobHandle, JobStatus, Sightings
from qanat.domain.layout import group_folder
from qanat.domain.run import SCHEDULER, Group, Run, State, lost
from qanat.errors import QanatError, RunnerUnavailable
from qanat.records import attempt_notes, run_codec, storage
from qanat.records.index import Index
from qanat.records.measured import read_measured
from qanat.runners.protocol import MayRestart, Runner, Runners
from qanat.usecases.environment import machines
from qanat.usecases.project import Project
from qanat.usecases.tracking import expected_start, last_seen, waiting
from qanat.usecases.tracking.last_seen import LastSeen, Unanswered, brief_problem
from qanat.usecases.tracking.settle import metric_sources, owner_of
from qanat.usecases.tracking.submission import handle_of, with_submission

# A shell's exit status when it cannot read a script or start a program.
_NOT_STARTED = (2, 126, 127)
_SKEW_S = 1.0


@dataclass(slots=True)
class PollResult:
    """Submitted runs as they are now, those whose jobs have just been found by their intent, and notes."""

    runs: list[Run] = field(default_factory=list)
    identified: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)


def poll_submitted(project: Project, index: Index, runs: Sequence[Run], runners: Runners) -> PollResult:
    """Return these runs, none of which has ended, as they are now; their records are not changed.

    If a scheduler does not answer, its runs are returned as last seen, with one note.
    """
    result = PollResult()
    by_runner: dict[str, list[Run]] = {}
    for run in runs:
        by_runner.setdefault(run.runner.name, []).append(run)
    remembered: dict[str, str] = {}
    for name, group in by_runner.items():
        memories = {run.id: last_seen.recall(index, run) for run in group}
        try:
            runner = runners.submitting(name)
        except QanatError as error:
            result.unanswered.append(Unanswered(error.message, group, memories))
            result.runs += [last_seen.or_memory(run, memories[run.id]) for run in group]
            remembered |= {run_codec.path_of(m.run): last_seen.serialise(m) for m in memories.values() if m}
            continue
        _Poll(project, runner, memories, result).add(group, remembered)
    index.remember_seen(remembered, project.clock.now())
    return result


class _Poll:
    """One poll of the runs of one scheduler."""

    def __init__(
        self, project: Project, runner: Runner, memories: dict[str, LastSeen | None], result: PollResult
    ) -> None:
        self._project = project
        self._clock = project.clock
        self._runner = runner
        self._memories = memories
        self._result = result
        now = project.clock.now()
        # A time in the future was noted before the clock was put back; waiting for it would take too long.
        self._unseen = {
            key: {number: min(since, now) for number, since in memory.unseen.items()} if memory else {}
            for key, memory in memories.items()
        }
        self._metrics: dict[str, Sequence[MetricSource]] = {}
        self._folders: dict[str, Path] = {}
        self._grace = project.config.grace

    def add(self, runs: Sequence[Run], remembered: dict[str, str]) -> None:
        """Add the runs as they are now to the result, and those still active to what is remembered."""
        named = [self._with_jobs(run) for run in runs]
        found = [self._with_completions(run) for run in named]
        handles = {
            run.id: {g.number: handle_of(self._project, run, g) for g in run.groups if _is_open(g)} for run in found
        }
        killed = {
            run.id: {g.number: handle_of(self._project, run, g) for g in run.groups if _is_killed(g, before)}
            for run, before in zip(found, named, strict=True)
        }
        polled = [h for of_run in (*handles.values(), *killed.values()) for h in of_run.values()]
        seen = _poll(self._runner, polled)
        seen = replace(seen, statuses=expected_start.in_reasons(seen.statuses, self._clock.now()))
        current = [
            self._add_causes(self._combined(run, handles[run.id], seen), before, killed[run.id], seen)
            for run, before in zip(found, named, strict=True)
        ]
        asked: dict[str, str] = {}
        if not seen.problem:
            current, asked = waiting.explain(self._project, self._runner, current, self._memories)
        current = [self._with_earlier(run, before) for run, before in zip(current, named, strict=True)]
        self._result.runs += current
        for run in current:
            memory, unseen = self._memories[run.id], self._unseen[run.id]
            if not seen.problem:
                memory = LastSeen(self._clock.now(), run, unseen, asked.get(run.id, ""))
            if memory and not run.state.ended:
                remembered[run_codec.path_of(run)] = last_seen.serialise(memory)
        open_runs = [run for run in found if handles[run.id]]
        if seen.problem and open_runs:
            problem = f"{self._runner.title} did not answer ({brief_problem(seen.problem)})"
            self._result.unanswered.append(Unanswered(problem, open_runs, self._memories))

    # ---- submissions that were cut short

    def _with_jobs(self, run: Run) -> Run:
        """Find the jobs of a run whose submission was cut short, or establish that there are none."""
        missing = [g.number for g in run.groups if not g.state.ended and g.job is None]
        if not missing:
            return run
        begun = run.submission.submitted or run.created
        try:
            submission = self._runner.find(run.submission.intent, missing, begun)
        except RunnerUnavailable as error:
            remark = f"it is not known yet whether run {run.number} was submitted"
            self._result.unanswered.append(Unanswered(brief_problem(error.message), [run], remark=remark))
            return run
        if submission is not None:
            run = with_submission(run, submission)
            self._result.identified.append(run)
            return run
        return self._without_jobs(run, missing)

    def _without_jobs(self, run: Run, missing: Sequence[int]) -> Run:
        """Return a run that the scheduler does not know: after a grace period, nothing was submitted.

        A group with a completion file was submitted, and the scheduler has forgotten it.
        """
        run = self._with_completions(run)
        missing = [number for number in missing if not run.groups[number].state.ended]
        if not missing:
            return run
        if run.host != os.uname().nodename:
            self._result.notes.append(
                f"whether run {run.number} of {run.experiment} was submitted can be determined only on {run.host}"
            )
            return run
        if owner := owner_of(self._project, run):
            what = f"whether run {run.number} of {run.experiment} was submitted can be determined only by {owner}"
            self._result.notes.append(what)
            return run
        since = [self._unseen[run.id].setdefault(number, self._clock.now()) for number in missing]
        if self._age_s(min(since)) < self._grace.submit_s:
            return run
        return run.with_groups({n: self._never_submitted(run, run.groups[n]) for n in missing})

    def _never_submitted(self, run: Run, group: Group) -> Group:
        """Return a group whose job the scheduler does not know: never submitted, unless its output exists."""
        own = self._own(run, group)
        if (own / "stdout.txt").exists():
            return lost(group, f"no {COMPLETION} in {own.name}, and {self._runner.title} does not know its job")
        why = "nothing was submitted: qanat was killed before that"
        note = f"run {run.number} of {run.experiment}: {why}"
        self._result.notes += [note] if note not in self._result.notes else []
        return replace(group, state=State.CANCELLED, reason=why, ended=self._clock.now(), source=SCHEDULER)

    # ---- what files and the scheduler report

    def _with_completions(self, run: Run) -> Run:
        """Return a run with the ends from completion files, unless the scheduler may start its programs again.

        Files that are transferred arrive one by one, so they count once the scheduler says that a job is over.
        """
        if run.runner.transfer:
            return run
        if isinstance(self._runner, MayRestart) and self._runner.may_run_again(run.runner.options):
            return run
        ends = ((g, self._completion(run, g)) for g in run.groups if not g.state.ended)
        return run.with_groups({g.number: self._ended(run, g, status) for g, status in ends if status})

    def _combined(self, run: Run, handles: dict[int, JobHandle], seen: Sightings) -> Run:
        """Combine what the scheduler reports now with what was seen before."""
        changed = {}
        for number, handle in handles.items():
            group, status = run.groups[number], seen.statuses[handle]
            memory = self._memories[run.id]
            if status.state is None and seen.problem:
                changed[number] = memory.run.groups[number] if memory else group
            elif status.state is None:
                changed[number] = self._unknown(run, group, memory.run.groups[number] if memory else group)
            else:
                changed[number] = self._apply_answer(run, group, status)
        return run.with_groups(changed)

    def _apply_answer(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Apply the scheduler's report; an end without its completion file is believed after a grace period."""
        if status.state is None or not status.state.ended:
            self._unseen[run.id].pop(group.number, None)
            return job.apply_status(group, status)
        if run.runner.transfer and status.state is State.CANCELLED:
            return self._heard(run, group, status)
        # The file may have appeared between the first check and the answer.
        if written := self._completion(run, group):
            return self._ended(run, group, written)
        # A scheduler may not say when the job ended, or say that it will: then it counts since this was first seen.
        seen = self._unseen[run.id].setdefault(group.number, self._clock.now())
        if status.ended is None or self._is_to_come(status.ended):
            status = replace(status, ended=seen)
        if status.state is State.CANCELLED:
            return self._heard(run, group, status)
        if self._age_s(status.ended) < self._grace.file_s:
            ending = replace(status, state=State.RUNNING, exit_code=None, signal=None, reason="ending")
            return job.apply_status(group, ending)
        if run.runner.transfer:
            return self._without_results(run, group, status)
        if status.exit_code in _NOT_STARTED:
            where = f"its job left no {COMPLETION}: is {self._project.root} available on the machine that ran it?"
            status = replace(status, reason=f"{status.reason}; {where}")
        return self._heard(run, group, status)

    def _without_results(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Return a group whose job is over, though its completion file has not come back with its results."""
        missing = f"no {COMPLETION} came back"
        if status.state is State.FINISHED:
            return lost(group, f"{self._runner.title} reports exit code 0, but {missing}")
        return self._heard(run, group, replace(status, reason=f"{status.reason}; {missing}"))

    def _add_causes(self, run: Run, before: Run, killed: dict[int, JobHandle], seen: Sightings) -> Run:
        """Return a run with the scheduler's reasons for killing programs, once it gives them, in its groups."""
        pairs = {n: (run.groups[n], seen.statuses[handle]) for n, handle in killed.items()}
        return run.with_groups({n: self._with_cause(g, before.groups[n], status) for n, (g, status) in pairs.items()})

    def _with_cause(self, group: Group, before: Group, status: JobStatus) -> Group:
        if status.state is None or status.state.ended:
            return replace(group, reason=f"{group.reason}, {status.cause}") if status.cause else group
        if self._age_s(group.ended) < self._grace.file_s:
            return replace(before, state=State.RUNNING, reason="ending")
        return group

    def _with_earlier(self, run: Run, before: Run) -> Run:
        """Return a run with how attempts ended that the scheduler has started again since the record was written."""
        again = [g for g in run.groups if g.attempt > before.groups[g.number].attempt]
        return run.with_groups({g.number: self._with_ends(run, g, before.groups[g.number]) for g in again})

    def _with_ends(self, run: Run, group: Group, before: Group) -> Group:
        return replace(group, earlier=attempt_notes.ends(self._own(run, group), before, group, run.command))

    def _unknown(self, run: Run, group: Group, last: Group) -> Group:
        """Wait for a job that the scheduler does not know; it is lost after a grace period."""
        if written := self._completion(run, group):
            return self._ended(run, group, written)
        since = self._unseen[run.id].setdefault(group.number, self._clock.now())
        # A scheduler may keep a user's jobs from other users, so that nobody else can say that one is lost.
        if self._age_s(since) < self._grace.unknown_s or owner_of(self._project, run):
            return last
        own = self._own(run, group)
        stopped = storage.read_completion(own, run.command, STOPPED)
        if stopped and stopped.attempt >= group.attempt:
            reason = "stopped by the scheduler for an unknown reason"
            return self._heard(run, group, replace(stopped.status, state=State.CANCELLED, reason=reason))
        where = f"no {COMPLETION} in {own.name}, and {self._runner.title} does not know job {group.job}"
        return lost(replace(group, started=last.started, host=last.host), where)

    def _completion(self, run: Run, group: Group) -> JobStatus | None:
        """Return the end in the completion file of this attempt or of the scheduler's restarts of it; None if none."""
        written = storage.read_completion(self._own(run, group), run.command)
        if written is None or written.attempt < group.attempt:
            return None
        return replace(written.status, restarts=written.attempt - group.attempt)

    def _heard(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Return the group with an end that only the scheduler reports."""
        status = replace(status, used=storage.read_used(self._own(run, group), group.number, group.attempt))
        return replace(self._ended(run, group, status), source=SCHEDULER)

    def _is_to_come(self, timestamp: str) -> bool:
        """Return whether a timestamp is in the future; the clocks of two machines may differ by a second."""
        return (times.seconds_between(self._clock.now(), timestamp) or 0.0) > _SKEW_S

    def _ended(self, run: Run, group: Group, status: JobStatus) -> Group:
        if status.ended and self._is_to_come(status.ended):
            status = replace(status, ended=self._clock.now())
        found, _ = read_measured(self._own(run, group), self._metric_sources(run))
        machine = machines.of_group(self._project, self._own(run, group))
        return replace(job.apply_status(group, status), machine=machine).with_measured(found)

    def _age_s(self, timestamp: str | None) -> float:
        """Return how many seconds ago a timestamp was; 0 if it is None or in the future."""
        return times.seconds_between(timestamp, self._clock.now()) or 0.0

    def _own(self, run: Run, group: Group) -> Path:
        if run.id not in self._folders:
            self._folders[run.id] = self._project.storage_of(run)
        return group_folder(self._folders[run.id], group.number, len(run.groups))

    def _metric_sources(self, run: Run) -> Sequence[MetricSource]:
        if run.experiment not in self._metrics:
            self._metrics[run.experiment] = metric_sources(self._project, run)
        return self._metrics[run.experiment]


def _poll(runner: Runner, handles: Sequence[JobHandle]) -> Sightings:
    if not handles:
        return Sightings({})
    try:
        return runner.poll(handles)
    except RunnerUnavailable as error:
        return Sightings({handle: JobStatus(None) for handle in handles}, error.message)


def _is_open(group: Group) -> bool:
    return not group.state.ended and group.job is not None


def _is_killed(group: Group, before: Run) -> bool:
    """Return whether a completion file has just shown a SIGKILL, for which the scheduler may have a reason."""
    return group.signal == signal.SIGKILL and group.job is not None and not before.groups[group.number].state.ended
