"""The local runner: jobs are processes of this machine, started and watched by this process.

Each job is a shell (see wrapper) in a session of its own, so that a signal reaches the program and everything
that it started, and closing the terminal ends none of them.
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

SHELL = "/bin/sh"
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
        if not os.access(SHELL, os.X_OK):
            raise RunnerUnavailable(f"{SHELL} does not exist, and every program is started through it")

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
            processes.signal_session(int(handle.job or 0), signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(map(self._is_alive, alive)) and time.monotonic() < deadline:
            time.sleep(TICK_S)
        for handle in handles:
            leader = int(handle.job) if handle in alive and handle.job else None
            processes.end_family(MARK, f"{handle.intent}:{handle.group}", leader, LEFTOVER_S)

    def _is_alive(self, handle: JobHandle) -> bool:
        start = handle.details.get("process_start")
        if handle.job and start:
            return processes.is_alive(int(handle.job), start)
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
                pid = _spawn(job, f"{intent}:{job.group}", started)
            except OSError as error:
                status = JobStatus(
                    State.FAILED, reason=f"could not be started: {reason(error)}", ended=times.now_exact()
                )
                yield JobEnded(job.group, status)
                continue
            self._running[pid] = job
            details = {"process_start": processes.start_of(pid) or ""}
            yield JobStarted(JobHandle(intent, job.group, str(pid), details), started)

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
        if status.exit_code in (126, 127):
            return replace(status, reason=_not_started(job.command[0], status.exit_code))
        return status


def _end_of(pid: int, job: JobSpec) -> tuple[JobStatus, bool] | None:
    """Return how a job's shell ended, and whether it was killed; None while it runs."""
    now = times.now_exact()
    try:
        ended, raw = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # SIGCHLD is ignored in this process, or something else here has collected the child
        return _as_written(job, now)
    if not ended:
        return None
    code = os.waitstatus_to_exitcode(raw)
    return completion.status_of(completion.SIGNAL_BASE - code if code < 0 else code, ended=now), code < 0


def _as_written(job: JobSpec, now: str) -> tuple[JobStatus, bool]:
    """Return how a job ended as its completion file has it; without one, its shell was killed."""
    file = job.storage / completion.COMPLETION
    try:
        written = completion.parse(file.read_text(errors="replace"), file.stat().st_mtime)
    except OSError:
        written = None
    if written and written.attempt >= job.attempt:
        return written.status, False
    return JobStatus(State.LOST, reason=f"how it ended is unknown: no {file.name}", ended=now), True


def _not_started(program: str, code: int) -> str:
    """Return what the shell's own exit codes mean (POSIX, Shell Command Language 2.8.2)."""
    if code == 127:
        return f"exit code 127: {program} was not found"
    return f"exit code 126: {program} could not be executed"


def _spawn(job: JobSpec, mark: str, started: str) -> int:
    """Start a job's shell and return its process number, which is also that of its session and process group."""
    end = str(job.storage / completion.COMPLETION)
    umask = job.sharing.umask
    script = f"umask {umask}\n{wrapper.LOCAL_SCRIPT}" if umask else wrapper.LOCAL_SCRIPT
    shell = [SHELL, "-c", script, "qanat", end, str(job.attempt), started, str(job.workdir)]
    new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return os.posix_spawn(
        SHELL,
        [*shell, *job.command],
        {**os.environ, **job.environment, MARK: mark},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(job.storage / "stdout.txt"), new, 0o666),
            (os.POSIX_SPAWN_OPEN, 2, str(job.storage / "stderr.txt"), new, 0o666),
        ],
        setsid=True,
        # Python ignores these two for itself; a program must not inherit that.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
