"""The local runner: jobs are processes of this machine, started and watched by this process.

Each program is started by a shell (see wrapper) in a session of its own, so that a signal reaches the program and
everything that it started, and closing the terminal ends none of them. A job is called by the number of its program,
which is what a user signals; `leader` in its details is the shell, which lives until it has written how it ended.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from qanat.domain import completion, times
from qanat.domain.job import JobEnded, JobHandle, JobSpec, JobStarted, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable, reason
from qanat.runners.local import wrapper
from qanat.runners.local.about import ABOUT
from qanat.runners.local.signals import STOPPING, Signals
from qanat.system import processes

MARK = "QANAT_JOB"
GRACE_S = 10.0
LEFTOVER_S = 2.0
TICK_S = 0.05


class LocalRunner:
    """Runs jobs on this machine, up to `slots` at a time."""

    name = ABOUT.name
    title = ABOUT.title
    generated_files = frozenset({completion.COMPLETION})

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._running: dict[int, JobSpec] = {}
        self._waiting: deque[JobSpec] = deque()
        self._halted = False
        self._signals = Signals()
        self._kill_at: float | None = None

    def __enter__(self) -> Self:
        self._signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.__exit__(kind, error, trace)

    def check(self) -> None:
        """Raise RunnerUnavailable if there is no shell."""
        if not os.access(wrapper.SHELL, os.X_OK):
            raise RunnerUnavailable(f"{wrapper.SHELL} does not exist, and every program is started through it")

    def render(self, jobs: Sequence[JobSpec]) -> str:
        """Return the commands, one per line, quoted for a shell."""
        import shlex

        return "".join(f"{shlex.join(job.command)}\n" for job in jobs)

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
        """Start and watch jobs; see InProcessRunner."""
        self._waiting.extend(jobs)
        try:
            yield from self._turns(intent)
        finally:
            # Something is left here only if the caller stopped early.
            self._signal_all(signal.SIGKILL)

    def _turns(self, intent: str) -> Iterator[JobStarted | JobEnded | None]:
        while self._running or self._waiting:
            yield from self._fill(intent)
            if self._running:
                self._signals.wait(TICK_S)
            # In this order: what ended before the interrupt was passed on has ended by itself.
            ended = list(self._reap(intent))
            self._stop_if_asked()
            yield from ended
            if not ended:
                yield None

    def interrupt(self, number: int) -> None:
        """End what runs as if this process had received a signal."""
        self._signals.stop(number)

    def start_no_more(self) -> None:
        """Let running jobs end, and start no more."""
        self._halted = True

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if any."""
        return self._signals.first

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Return which of these jobs are alive, by process number and start, or by the mark in their environment."""
        return {handle: self._sighting(handle) for handle in handles}

    def _sighting(self, handle: JobHandle) -> JobStatus:
        if not self._is_alive(handle):
            return JobStatus(None)
        if handle.job:
            return JobStatus(State.RUNNING)
        # qanat was killed before it noted the start.
        starts = [processes.started_at(pid) for pid in processes.family(MARK, f"{handle.intent}:{handle.group}")]
        first = min((start for start in starts if start is not None), default=None)
        return JobStatus(State.RUNNING, started=None if first is None else times.from_epoch(first))

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """End jobs that another process started: with SIGTERM, then SIGKILL for whatever is left after GRACE_S."""
        alive = [h for h in handles if h.job and self._is_alive(h)]
        for handle in alive:
            processes.signal_session(_leader(handle), signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(map(self._is_alive, alive)) and time.monotonic() < deadline:
            time.sleep(TICK_S)
        for handle in handles:
            leader = _leader(handle) if handle in alive else None
            processes.end_family(MARK, f"{handle.intent}:{handle.group}", leader, LEFTOVER_S)

    def _is_alive(self, handle: JobHandle) -> bool:
        start = handle.details.get("process_start")
        if handle.job and start:
            return processes.is_alive(_leader(handle), start)
        return bool(processes.family(MARK, f"{handle.intent}:{handle.group}"))

    # ---- starting

    def _fill(self, intent: str) -> Iterator[JobStarted | JobEnded]:
        if self._halted or self.interrupted:
            why = "cancelled before it started" if self.interrupted else "not started: an earlier group had failed"
            while self._waiting:
                yield JobEnded(self._waiting.popleft().group, JobStatus(State.CANCELLED, reason=why))
        while self._waiting and len(self._running) < self._slots:
            job = self._waiting.popleft()
            started = times.now_exact()
            try:
                spawned = _spawn(job, f"{intent}:{job.group}", started)
            except OSError as error:
                status = JobStatus(
                    State.FAILED, reason=f"could not be started: {reason(error)}", ended=times.now_exact()
                )
                yield JobEnded(job.group, status)
                continue
            leader = spawned.shell
            self._running[leader] = job
            details = {"leader": leader, "process_start": processes.start_of(leader) or ""}
            yield JobStarted(JobHandle(intent, job.group, str(spawned.program or leader), details), started)

    # ---- ending

    def _stop_if_asked(self) -> None:
        """Pass an interrupt on to all running jobs: SIGTERM at first, SIGKILL after GRACE_S or a second interrupt."""
        first = self.interrupted
        if first is None:
            return
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_S
            self._signal_all(STOPPING[signal.Signals(first)])
        elif self._signals.count > 1 or time.monotonic() > self._kill_at:
            self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for pid in self._running:
            processes.signal_session(pid, number)

    def _reap(self, intent: str) -> Iterator[JobEnded]:
        for pid, job in list(self._running.items()):  # and no other child: the process may have some of its own
            if ended := _end_of(pid, job):
                del self._running[pid]
                yield JobEnded(job.group, self._status(intent, pid, job, *ended))

    def _status(self, intent: str, pid: int, job: JobSpec, status: JobStatus, shell_killed: bool) -> JobStatus:
        """Return how a job ended; kill what is left of it if it was interrupted or lost its shell."""
        stopped = self._kill_at is not None
        if shell_killed or stopped:
            leader_gone_s = 0.0 if shell_killed else LEFTOVER_S
            processes.end_family(MARK, f"{intent}:{job.group}", pid, leader_gone_s)
        if stopped:
            # Even with exit code 0: a program that exits cleanly on request has not finished its work.
            name = completion.signal_name(self.interrupted or 0)
            return replace(status, state=State.CANCELLED, reason=f"cancelled by {name}")
        return status


def _leader(handle: JobHandle) -> int:
    """Return the process group of a job that has started; journals of earlier versions name it as the job."""
    return int(handle.details.get("leader") or handle.job or 0)


def _end_of(pid: int, job: JobSpec) -> tuple[JobStatus, bool] | None:
    """Return how a job's shell ended, and whether it was killed; None while it runs."""
    now = times.now_exact()
    try:
        ended, raw = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # SIGCHLD is ignored in this process, or something else here has collected the child
        lost = JobStatus(State.LOST, reason=f"how it ended is unknown: no {completion.COMPLETION}", ended=now)
        written = _as_written(job, now)
        return written or lost, written is None
    if not ended:
        return None
    code = os.waitstatus_to_exitcode(raw)
    if code < 0:
        return completion.status_of(completion.SIGNAL_BASE - code, ended=now), True
    return _as_written(job, now) or completion.status_of(code, ended=now), False


def _as_written(job: JobSpec, now: str) -> JobStatus | None:
    """Return how a job that has just ended did so according to its completion file; None if it left none."""
    file = job.storage / completion.COMPLETION
    try:
        written = completion.parse(file.read_text(errors="replace"), file.stat().st_mtime, job.command[0])
    except OSError:
        return None
    return replace(written.status, ended=now) if written and written.attempt >= job.attempt else None


def _spawn(job: JobSpec, mark: str, started: str) -> wrapper.Processes:
    environment = {**os.environ, **job.environment, MARK: mark}
    return wrapper.spawn(job, job.storage / completion.COMPLETION, started, environment)
