"""What is known about single groups of submitted runs: from their files, and from what a scheduler says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import clocks, job, times
from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.experiment import MetricSource
from qanat.domain.job import ENDING, JobStatus
from qanat.domain.layout import group_folder
from qanat.domain.run import SCHEDULER, Group, Run, State, lost
from qanat.records import storage
from qanat.records.measured import read_measured
from qanat.usecases.environment import machines
from qanat.usecases.project import Project
from qanat.usecases.tracking.last_seen import LastSeen
from qanat.usecases.tracking.settle import metric_sources, owner_of

# A shell's exit status when it cannot read a script or start a program.
_NOT_STARTED = (2, 126, 127)


class GroupStates:
    """Groups of the runs of one scheduler; `unseen` says since when jobs are unknown, by the runs' ids."""

    def __init__(self, project: Project, title: str, memories: Mapping[str, LastSeen | None]) -> None:
        self._project = project
        self._clock = project.clock
        self._title = title
        self._memories = memories
        now = project.clock.now()
        # A time in the future was noted before the clock was put back; waiting for it would take too long.
        self.unseen = {
            key: {number: min(since, now) for number, since in memory.unseen.items()} if memory else {}
            for key, memory in memories.items()
        }
        self._metrics: dict[str, Sequence[MetricSource]] = {}
        self._folders: dict[str, Path] = {}
        self.grace = project.config.grace

    def combined(self, run: Run, group: Group, status: JobStatus, problem: str) -> Group:
        """Return a group with what the scheduler says of its job, or had said before it stopped answering."""
        memory = self._memories[run.id]
        last = memory.run.groups[group.number] if memory else group
        if status.state is None:
            return last if problem else self._unknown(run, group, last)
        return self._apply_answer(run, group, status)

    def _apply_answer(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Apply the scheduler's report; an end without its completion file is believed after a grace period."""
        if status.state is None or not status.state.ended:
            self.unseen[run.id].pop(group.number, None)
            return job.apply_status(group, clocks.adjusted(status, run.created, self._clock.now()))
        if run.runner.transfer and status.state is State.CANCELLED:
            return self.heard(run, group, status)
        # The file may have appeared between the first check and the answer.
        if written := self.completion(run, group):
            return self.ended(run, group, written)
        # A scheduler may not say when the job ended, or say that it will: then it counts since this was first seen.
        seen = self.unseen[run.id].setdefault(group.number, self._clock.now())
        if status.ended is None or self._is_to_come(status.ended):
            status = replace(status, ended=seen)
        if status.state is State.CANCELLED:
            return self.heard(run, group, status)
        if self.age_s(status.ended) < self.grace.file_s:
            ending = replace(status, state=State.RUNNING, exit_code=None, signal=None, reason=ENDING)
            return job.apply_status(group, ending)
        if run.runner.transfer:
            return self._without_results(run, group, status)
        if status.exit_code in _NOT_STARTED:
            where = f"its job left no {COMPLETION}: is {self._project.root} available on the machine that ran it?"
            status = replace(status, reason=f"{status.reason}; {where}")
        return self.heard(run, group, status)

    def _without_results(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Return a group whose job is over, though its completion file has not come back with its results."""
        missing = f"no {COMPLETION} came back"
        if status.state is State.FINISHED:
            return lost(group, f"{self._title} reports exit code 0, but {missing}")
        return self.heard(run, group, replace(status, reason=f"{status.reason}; {missing}"))

    def _unknown(self, run: Run, group: Group, last: Group) -> Group:
        """Wait for a job that the scheduler does not know; it is lost after a grace period."""
        if written := self.completion(run, group):
            return self.ended(run, group, written)
        since = self.unseen[run.id].setdefault(group.number, self._clock.now())
        # A scheduler may keep a user's jobs from other users, so that nobody else can say that one is lost.
        if self.age_s(since) < self.grace.unknown_s or owner_of(self._project, run):
            return last
        own = self.own(run, group)
        stopped = storage.read_completion(own, run.command, STOPPED)
        if stopped and stopped.attempt >= group.attempt:
            reason = "stopped by the scheduler for an unknown reason"
            return self.heard(run, group, replace(stopped.status, state=State.CANCELLED, reason=reason))
        where = f"no {COMPLETION} in {own.name}, and {self._title} does not know job {group.job}"
        return lost(replace(group, started=last.started, host=last.host), where)

    def completion(self, run: Run, group: Group) -> JobStatus | None:
        """Return the end in the completion file of this attempt or of the scheduler's restarts of it; None if none."""
        written = storage.read_completion(self.own(run, group), run.command)
        if written is None or written.attempt < group.attempt:
            return None
        return replace(written.status, restarts=written.attempt - group.attempt)

    def heard(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Return the group with an end that only the scheduler reports."""
        status = replace(status, used=storage.read_used(self.own(run, group), group.number, group.attempt))
        return replace(self.ended(run, group, status), source=SCHEDULER)

    def _is_to_come(self, timestamp: str) -> bool:
        """Return whether a timestamp is in the future; the clocks of two machines may differ by a second."""
        return times.between_s(self._clock.now(), timestamp) > clocks.SKEW_S

    def ended(self, run: Run, group: Group, status: JobStatus) -> Group:
        """Return the group with an end, and with what its program has measured."""
        status = clocks.adjusted(status, run.created, self._clock.now())
        found, _ = read_measured(self.own(run, group), self._metric_sources(run))
        machine = machines.of_group(self._project, self.own(run, group))
        now = replace(job.apply_status(group, status), machine=machine)
        return _without_impossible_start(now).with_measured(found)

    def age_s(self, timestamp: str | None) -> float:
        """Return how many seconds ago a timestamp was; 0 if it is None or in the future."""
        return times.seconds_between(timestamp, self._clock.now()) or 0.0

    def folder(self, run: Run) -> Path:
        """Return the storage directory of a run."""
        if run.id not in self._folders:
            self._folders[run.id] = self._project.storage_of(run)
        return self._folders[run.id]

    def own(self, run: Run, group: Group) -> Path:
        """Return the directory of a group."""
        return group_folder(self.folder(run), group.number, len(run.groups))

    def _metric_sources(self, run: Run) -> Sequence[MetricSource]:
        if run.experiment not in self._metrics:
            self._metrics[run.experiment] = metric_sources(self._project, run)
        return self._metrics[run.experiment]


def _without_impossible_start(group: Group) -> Group:
    """Return a group without a start that a scheduler had reported for after its end."""
    late = group.started and group.ended and times.between_s(group.started, group.ended) < -clocks.SKEW_S
    return replace(group, started=None) if late else group
