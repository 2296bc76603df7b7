"""What a runner is, and the types that it needs; docs/runners.md builds one.

A runner deals with jobs only, not with records, git or terminals. It keeps nothing between calls, since the
next command may come from another process a week later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from qanat.domain.job import (
    JobBatch,
    JobEnded,
    JobHandle,
    JobSpec,
    JobStarted,
    JobStatus,
    Sightings,
    Submission,
)
from qanat.domain.run import State

# What a runner in another package may rely on.
__all__ = [
    "AttachedRunner",
    "JobBatch",
    "JobHandle",
    "JobSpec",
    "JobStatus",
    "Runner",
    "Runners",
    "Sightings",
    "State",
    "Submission",
]


class Runner(Protocol):
    """A runner whose jobs proceed by themselves once they are submitted.

    `name` is the value of --runner, `title` the scheduler's name in sentences, and `own_files` are the names of the
    files and folders that the runner leaves in storage directories, next to the program's own.
    Except for submitting, no call takes longer than a few seconds when the scheduler is down.
    """

    name: str
    title: str
    own_files: frozenset[str]

    def check(self) -> None:
        """Raise RunnerUnavailable if jobs cannot be submitted from here."""

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List keys of a template that the scheduler does not know or qanat sets itself; calls no scheduler."""

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a template's options, as far as can be known without submitting."""

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better avoided in a template; calls no scheduler."""

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return whether, with these options, the scheduler may start a program again that has ended."""

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the options with some replaced; `2x` multiplies the current value. Raises UsageError."""

    def get_ready(self) -> None:
        """Start in advance whatever submit() will need; may do nothing."""

    def render(self, batch: JobBatch) -> str:
        """Return what would be submitted; no side effects."""

    def submit(self, batch: JobBatch) -> Submission:
        """Submit jobs, all or none. Raises SubmitFailed if nothing was queued."""

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find what was submitted with this intent for these groups; None if nothing was. Raises RunnerUnavailable.

        `since` is the earliest time (domain.times) at which it can have been submitted.
        """

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Query all of them at once; a job that is not listed is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs; one that has ended is no error. Raises RunnerUnavailable."""

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold jobs. Raises RunnerUnavailable."""

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs. Raises RunnerUnavailable."""

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return the scheduler's notes about jobs, as text; folder is the run's storage directory."""


class Runners(Protocol):
    """Where use cases get runners from."""

    def is_attached(self, name: str) -> bool:
        """Return whether the process that starts this runner's jobs also watches them."""

    def local(self) -> AttachedRunner:
        """Return the runner that knows the processes of this machine."""

    def attached(self, name: str, slots: int) -> AttachedRunner:
        """Return a runner that runs `slots` jobs at once here. Raises UsageError if there is none with this name."""

    def submitting(self, name: str) -> Runner:
        """Return a runner for submitting and polling.

        Raises UsageError if there is none with this name, RunnerUnavailable if it cannot be loaded.
        """


class AttachedRunner(Protocol):
    """A runner whose jobs are started and watched by this process.

    Inside its `with` block, an interrupt (SIGINT, SIGTERM, SIGHUP) ends jobs instead of this process. In a thread
    other than the main one, where Python handles no signals, only interrupt() does.
    """

    name: str
    own_files: frozenset[str]

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def check(self) -> None:
        """Raise RunnerUnavailable if jobs cannot be started here."""

    def render(self, jobs: Sequence[JobSpec]) -> str:
        """Return what would be started; no side effects."""

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
        """Start jobs, a limited number at once, and yield events until all have ended.

        None is yielded when some time has passed without an event. An interrupt ends running jobs, and reports
        those that had not started as cancelled.
        """

    def interrupt(self, number: int) -> None:
        """End running jobs and start no more, as if this process had received the signal with this number."""

    def start_no_more(self) -> None:
        """Let running jobs end, and start no more."""

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if any."""

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Return which of these jobs are alive; any other is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs whose watcher is gone, with SIGTERM first; one that has ended is no error."""
