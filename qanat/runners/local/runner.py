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
from dataclasses import dataclass, replace
from types import FrameType, TracebackType
from typing import Self

from qanat.domain import completion, times
from qanat.domain.job import JobEnded, JobHandle, JobSpec, JobStarted, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable, reason
from qanat.runners.local import wrapper
from qanat.system import processes

SHELL = "/bin/sh"
MARK = "QANAT_JOB"
GRACE_S = 10.0
LEFTOVER_S = 2.0
TICK_S = 0.05

_STOPPING = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM}


@dataclass(slots=True)
class _Running:
    job: JobSpec
    started: str


class LocalRunner:
    """Runs jobs on this machine, up to `slots` at a time."""

    name = "local"
    own_files = frozenset({completion.COMPLETION})

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._running: dict[int, _Running] = {}
        self._waiting: deque[JobSpec] = deque()
        self._halted = False
        self._signals = _Signals()
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
        """Start and watch jobs; see AttachedRunner."""
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

    def start_no_more(self) -> None:
        """Let running jobs end, and start no more."""
        self._halted = True

    @property
    def interrupted(self) -> int | None:
        """The signal that ended the run early, if any."""
        return self._signals.first

    def poll(self, handles: Sequence[JobHandle]) -> dict[JobHandle, JobStatus]:
        """Return which of these jobs are alive, by process number and start, or by the mark in their environment."""
        return {handle: JobStatus(State.RUNNING if self._is_alive(handle) else None) for handle in handles}

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
            why = "cancelled before it began" if self.interrupted else "not started: an earlier group had failed"
            while self._waiting:
                yield JobEnded(self._waiting.popleft().group, JobStatus(State.CANCELLED, reason=why))
        while self._waiting and len(self._running) < self._slots:
            job = self._waiting.popleft()
            try:
                pid = _spawn(job, f"{intent}:{job.group}")
            except OSError as error:
                status = JobStatus(
                    State.FAILED, reason=f"could not be started: {reason(error)}", ended=times.now_exact()
                )
                yield JobEnded(job.group, status)
                continue
            started = times.now_exact()
            self._running[pid] = _Running(job, started)
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
            self._signal_all(_STOPPING[signal.Signals(first)])
        elif self._signals.count > 1 or time.monotonic() > self._kill_at:
            self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for pid in self._running:
            processes.signal_session(pid, number)

    def _reap(self, intent: str) -> Iterator[JobEnded]:
        while self._running:
            pid, raw = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if running := self._running.pop(pid, None):
                yield JobEnded(running.job.group, self._status(intent, pid, running, raw))

    def _status(self, intent: str, pid: int, running: _Running, raw: int) -> JobStatus:
        """Return how a job ended; kill what is left of it if it was interrupted or lost its shell."""
        code = os.waitstatus_to_exitcode(raw)
        shell_killed = code < 0
        stopped = self._kill_at is not None
        if shell_killed or stopped:
            leader_gone_s = 0.0 if shell_killed else LEFTOVER_S
            processes.end_family(MARK, f"{intent}:{running.job.group}", pid, leader_gone_s)
        status = completion.status_of(completion.SIGNAL_BASE - code if shell_killed else code, ended=times.now_exact())
        if stopped:
            # Even with exit code 0: a program that exits cleanly on request has not finished its work.
            name = completion.signal_name(self.interrupted or 0)
            return replace(status, state=State.CANCELLED, reason=f"cancelled by {name}")
        if status.exit_code in (126, 127):
            return replace(status, reason=_not_started(running.job.command[0], status.exit_code))
        return status


def _not_started(program: str, code: int) -> str:
    """Return what the shell's own exit codes mean (POSIX, Shell Command Language 2.8.2)."""
    if code == 127:
        return f"exit code 127: {program} was not found"
    return f"exit code 126: {program} could not be executed"


def _spawn(job: JobSpec, mark: str) -> int:
    """Start a job's shell and return its process number, which is also that of its session and process group."""
    end = str(job.storage / completion.COMPLETION)
    shell = [SHELL, "-c", wrapper.LOCAL_SCRIPT, "qanat", end, str(job.attempt), str(job.workdir)]
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


class _Signals:
    """Wakes the watching loop when a child ends or the run is to stop, and remembers which signals came."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.count = 0
        self._read, self._write = -1, -1
        self._old_wakeup = -1
        self._old_handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old_wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number, handler in {signal.SIGCHLD: _ignore, **dict.fromkeys(_STOPPING, self._stop)}.items():
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's SIGHUP stays ignored
                self._old_handlers[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._old_wakeup)
        os.close(self._read)
        os.close(self._write)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.first = self.first or number
        self.count += 1

    def wait(self, seconds: float) -> None:
        """Return at the next signal or after some seconds."""
        import select

        if select.select([self._read], [], [], seconds)[0]:
            while True:
                try:
                    os.read(self._read, 4096)
                except BlockingIOError:
                    return


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGCHLD, which only needs to wake the loop."""
