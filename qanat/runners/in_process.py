"""What a runner is whose jobs are started and watched by this process, as on this machine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from qanat.domain.job import JobEvent, JobHandle, JobSpec, JobStatus


class InProcessRunner(Protocol):
    """A runner whose jobs are started and watched by this process.

    Inside its `with` block, an interrupt (SIGINT, SIGTERM, SIGHUP) ends jobs instead of this process. In a thread
    other than the main one, where Python handles no signals, only interrupt() does.
    """

    name: str
    generated_files: frozenset[str]

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def check(self) -> None:
        """Raise RunnerUnavailable if jobs cannot be started here."""

    def render(self, jobs: Sequence[JobSpec]) -> str:
        """Return what would be started; no side effects."""

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobEvent]:
        """Start jobs, a limited number at once, and yield events until all have ended.

        None is yielded when some time has passed without an event. An interrupt ends running jobs, and reports
        those that had not started as cancelled.
        """

    def interrupt(self, number: int) -> None:
        """End running jobs and start no more, as if this process had received the signal with this number."""

    def end(self, groups: Collection[int]) -> None:
        """End these groups, running or not, as an interrupt does; the others continue."""

    def start_no_more(self) -> None:
        """Let running jobs end, and start no more."""

    def again(self, job: JobSpec) -> None:
        """Start a job once more, whose end watch() has just yielded."""

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if any."""

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Return which of these jobs are alive; any other is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs whose watcher is gone, with SIGTERM first; one that has ended is not an error."""
