"""Retrying groups of a run of this machine by its policy, at once, by the process that watches it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from qanat.domain import time_limits
from qanat.domain.checkpoint import left_out
from qanat.domain.job import JobSpec
from qanat.domain.layout import group_folder
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import Group
from qanat.errors import WriteFailed
from qanat.records.flight import Journal
from qanat.runners.protocol import InProcessRunner
from qanat.usecases.launch import earlier_files
from qanat.usecases.launch.attempt import Attempt


class Retries:
    """The groups of a run that may be retried; `notes` say which could not."""

    def __init__(
        self, policy: RetryPolicy, attempt: Attempt, jobs: Iterable[JobSpec], runner: InProcessRunner, journal: Journal
    ) -> None:
        self.notes: list[str] = []
        self._policy = policy
        self._attempt = attempt
        self._jobs = {job.group: job for job in jobs}
        self._options: dict[int, Mapping[str, str]] = {}
        self._runner = runner
        self._journal = journal

    def next_of(self, group: Group) -> Group | None:
        """Start a group again that has just ended, if it is due; return it as it waits, or None if it is not."""
        if not self._policy.is_due(group) or self._runner.interrupted or self._journal.is_cancelled:
            return None
        job = self._jobs[group.number]
        own = group_folder(self._attempt.results, group.number, len(self._attempt.beginning.run.groups))
        try:
            earlier_files.set_aside(own, group.attempt, job.sharing, left_out(job.checkpoint))
        except WriteFailed as error:
            self.notes.append(f"group {group.number} is not retried: {error.message}")
            return None
        queued = group.again(group.ends(self._options.get(group.number, {})))
        self._jobs[group.number] = job = self._once_more(job, group)
        if limit := self._options.get(group.number, {}).get(time_limits.KEY):
            queued = replace(queued, reason=f"with a time limit of {limit}")
        self._journal.again(queued)
        self._runner.again(job)
        return queued

    def _once_more(self, job: JobSpec, group: Group) -> JobSpec:
        """Return the job for the next attempt, with more time if the last one lacked it."""
        factor = self._policy.more([group]).get("time")
        if job.time_limit and factor:
            limit = time_limits.multiplied(job.time_limit, factor)
            self._options[group.number] = {time_limits.KEY: limit}
            job = replace(job, time_limit=limit)
        return replace(job, attempt=group.attempt + 1)
