"""What a runner is, and the words that one needs; docs/runners.md builds one.

A runner knows jobs and nothing of records, git or terminals. It keeps nothing between calls, since the
next command may come a week later from another process.
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

# What a runner of another package may rely on.
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
    """A runner whose jobs go on by themselves once they are submitted.

    `name` is what follows --runner, `title` what the scheduler is called in sentences, and `own_files` are the names
    of the files and folders that the runner leaves in a storage directory or in a group's, beside a program's own.
    No call takes longer than a few seconds when the scheduler is down, submitting excepted.
    """

    name: str
    title: str
    own_files: frozenset[str]

    def check(self) -> None:
        """Raise RunnerUnavailable when jobs cannot be submitted from here."""

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List keys of a template that the scheduler does not know or qanat sets itself; asks nobody."""

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a template's options, as far as can be told without submitting."""

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better left out of a template; asks nobody."""

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Tell whether the scheduler may start a program again that has come to its end, as these options have it."""

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Give options with some set anew; `2x` multiplies what is there. Raises UsageError."""

    def get_ready(self) -> None:
        """Begin what submit() will need and can be done meanwhile; may do nothing."""

    def render(self, batch: JobBatch) -> str:
        """Give what would be submitted; no side effect."""

    def submit(self, batch: JobBatch) -> Submission:
        """Submit jobs, all or none. Raises SubmitFailed: nothing is queued then."""

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find what was submitted with this intent for these groups; None: nothing was. Raises RunnerUnavailable.

        `since` is the moment (domain.times) before which it cannot have been submitted.
        """

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Ask once about all of them; one that is not listed is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs; one that has ended is no error. Raises RunnerUnavailable."""

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Keep jobs from going on. Raises RunnerUnavailable."""

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Let held jobs go on. Raises RunnerUnavailable."""

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Give what the scheduler noted of jobs, as text; folder is the run's storage directory."""


class Runners(Protocol):
    """Where use cases get runners from."""

    def is_attached(self, name: str) -> bool:
        """Tell whether the jobs of this runner are watched by the qanat that started them."""

    def local(self) -> AttachedRunner:
        """Give the runner that knows the processes of this machine."""

    def attached(self, name: str, slots: int) -> AttachedRunner:
        """Return a runner that runs `slots` jobs at a time here. Raises UsageError when there is none of this name."""

    def submitting(self, name: str) -> Runner:
        """Give a runner to submit to, and ask.

        Raises UsageError when there is none of this name, RunnerUnavailable when it cannot be loaded.
        """


class AttachedRunner(Protocol):
    """A runner whose jobs are started and watched by this very process.

    Inside its `with` block an interrupt (SIGINT, SIGTERM, SIGHUP) ends jobs instead of this process. In a thread other
    than the main one, where Python handles no signals, only interrupt() does.
    """

    name: str
    own_files: frozenset[str]

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def check(self) -> None:
        """Raise RunnerUnavailable when jobs cannot be started here."""

    def render(self, jobs: Sequence[JobSpec]) -> str:
        """Give what would be started; no side effect."""

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
        """Start jobs, a number of them at a time, and tell what happens until all have ended.

        None is told when a moment has passed without news. An interrupt ends what runs, and tells
        all that had not begun as cancelled.
        """

    def interrupt(self, number: int) -> None:
        """End what runs, and start nothing else, as if this process had received the signal of this number."""

    def start_no_more(self) -> None:
        """Let what runs come to its end, and start nothing else."""

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if one did."""

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Tell which of these jobs are alive; one that is not is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs whose watcher is gone, gently first; one that has ended is no error."""
