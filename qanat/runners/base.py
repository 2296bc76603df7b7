"""What a runner is.

A runner knows jobs and nothing of records, git or terminals. It keeps nothing between calls, since the
next command may come a week later from another process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from qanat.domain.job import JobEnded, JobHandle, JobSpec, JobStarted, JobStatus


class Runner(Protocol):
    """A runner whose jobs go on by themselves once they are submitted."""

    name: str

    def check(self) -> None:
        """Raise RunnerUnavailable when jobs cannot be submitted from here."""

    def render(self, jobs: Sequence[JobSpec]) -> str:
        """Give what would be submitted; no side effect."""

    def submit(self, intent: str, jobs: Sequence[JobSpec]) -> list[JobHandle]:
        """Submit jobs and give their handles in the same order. Raises SubmitFailed: nothing is queued then."""

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Ask once about all of them; one that is not listed is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs; one that has ended is no error."""


class AttachedRunner(Protocol):
    """A runner whose jobs are started and watched by this very process.

    Inside its `with` block an interrupt (SIGINT, SIGTERM, SIGHUP) ends jobs instead of this process.
    """

    name: str

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

    def start_no_more(self) -> None:
        """Let what runs come to its end, and start nothing else."""

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if one did."""

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Tell which of these jobs are alive; one that is not is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs whose watcher is gone, gently first; one that has ended is no error."""
