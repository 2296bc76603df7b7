"""The local runner: jobs are processes of this machine, started and watched by this process.

Each program is started by a shell (see wrapper) in a session of its own, so that a signal reaches the program and
everything that it started, and closing the terminal ends none of them. A job is called by the number of its program,
which is what a user signals; `leader` in its details is the shell, which lives until it has written how it ended.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qanat.domain import completion, time_limits, times
from qanat.domain.checkpoint import ATTEMPT_VARIABLE, FOLDER, VARIABLE
from qanat.domain.job import JobContinues, JobEnded, JobEvent, JobHandle, JobSpec, JobStarted, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable, reason
from qanat.runners.local import wrapper
from qanat.runners.local.about import ABOUT
from qanat.runners.local.continuing import Attempt
from qanat.runners.local.signals import STOPPING, Signals
from qanat.runners.local.usage import Meter
from qanat.system import files, folders, processes

if TYPE_CHECKING:
    from resource import struct_rusage

MARK = "QANAT_JOB"
GRACE_S = 10.0
_COMPLETION_BYTES = 65_536
LEFTOVER_S = 2.0
TICK_S = 0.05
_BEFORE = "cancelled before it started"


class LocalRunner:
    """Runs jobs on this machine, up to `slots` at a time."""

    name = ABOUT.name
    title = ABOUT.title
    generated_files = frozenset({completion.COMPLETION})

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._running: dict[int, _Running] = {}
        self._waiting: deque[JobSpec] = deque()
        self._dropped: list[JobSpec] = []
        self._attempts: dict[int, int] = {}  # by group, those made here
        self._halted = False
        self._signals = Signals()
        self._meter = Meter(MARK)
        self._told = 0  # how many signals have been passed on

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

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobEvent]:
        """Start and watch jobs; see InProcessRunner."""
        self._waiting.extend(jobs)
        try:
            yield from self._turns(intent)
        finally:
            # Something is left here only if the caller stopped early.
            self._signal_all(signal.SIGKILL)

    def _turns(self, intent: str) -> Iterator[JobEvent]:
        while self._running or self._waiting:
            yield from self._fill(intent)
            if self._running:
                self._signals.wait(TICK_S)
            # In this order: what ended before the interrupt was passed on has ended by itself.
            ended = list(self._reap(intent))
            self._stop_if_asked()
            self._stop_late()
            self._meter.look(intent, self._running)
            yield from ended
            if not ended:
                yield None

    def interrupt(self, number: int) -> None:
        """End what runs as if this process had received a signal."""
        self._signals.stop(number)

    def start_no_more(self) -> None:
        """Let running jobs end, and start no more."""
        self._halted = True

    def again(self, job: JobSpec) -> None:
        """Start a job once more, before those that have not started yet."""
        self._waiting.appendleft(job)

    def end(self, groups: Collection[int]) -> None:
        """End these groups, as an interrupt does, and start those of them no more that have not started."""
        for pid, running in self._running.items():
            if running.job.group in groups and not running.ending:
                self._end(pid, State.CANCELLED, _cancelled_by(signal.SIGTERM), signal.SIGTERM)
        self._dropped += [job for job in self._waiting if job.group in groups]
        self._waiting = deque(job for job in self._waiting if job.group not in groups)

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
        alive = [handle for handle in handles if self._is_alive(handle)]
        for handle in alive:
            if handle.job:
                processes.signal_session(_leader(handle), signal.SIGTERM)
            else:  # qanat was killed before it noted the start
                processes.signal_family(MARK, f"{handle.intent}:{handle.group}", signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(map(self._is_alive, alive)) and time.monotonic() < deadline:
            time.sleep(TICK_S)
        for handle in handles:
            leader = _leader(handle) if handle.job and handle in alive else None
            processes.end_family(MARK, f"{handle.intent}:{handle.group}", leader, LEFTOVER_S)

    def _is_alive(self, handle: JobHandle) -> bool:
        start = handle.details.get("process_start")
        if handle.job and start:
            return processes.is_alive(_leader(handle), start)
        return bool(processes.family(MARK, f"{handle.intent}:{handle.group}"))

    # ---- starting

    def _fill(self, intent: str) -> Iterator[JobStarted | JobEnded]:
        while self._dropped:
            yield JobEnded(self._dropped.pop().group, JobStatus(State.CANCELLED, reason=_BEFORE))
        if self._halted or self.interrupted:
            why = _BEFORE if self.interrupted else "not started: an earlier group had failed"
            while self._waiting:
                yield JobEnded(self._waiting.popleft().group, JobStatus(State.CANCELLED, reason=why))
        while self._waiting and len(self._running) < self._slots:
            job = self._waiting.popleft()
            started, attempt = times.now_exact(), Attempt.begin(job, self._attempts.get(job.group, 0) + 1)
            try:
                spawned = _spawn(job, f"{intent}:{job.group}", started)
            except OSError as error:
                status = JobStatus(
                    State.FAILED, reason=f"could not be started: {reason(error)}", ended=times.now_exact()
                )
                yield JobEnded(job.group, status)
                continue
            leader = spawned.shell
            self._attempts[job.group] = self._attempts.get(job.group, 0) + 1
            limit_s = time_limits.seconds(job.time_limit) if job.time_limit else math.inf
            self._meter.started()
            self._running[leader] = _Running(job, time.monotonic() + limit_s, attempt)
            details = {"leader": leader, "process_start": processes.start_of(leader) or ""}
            yield JobStarted(JobHandle(intent, job.group, str(spawned.program or leader), details), started)

    # ---- ending

    def _stop_if_asked(self) -> None:
        """Pass an interrupt on to all running jobs: SIGTERM at first, SIGKILL after GRACE_S or a second interrupt."""
        first, count = self.interrupted, self._signals.count
        if first is None or count == self._told:
            return
        for pid, running in self._running.items():
            if not self._told and not running.ending:
                self._end(pid, State.CANCELLED, _cancelled_by(first), STOPPING[signal.Signals(first)])
            if count > 1 and running.ending:
                running.ending = replace(running.ending, kill_at=0.0)
        self._told = count

    def _stop_late(self) -> None:
        """End jobs whose time is over, and kill those that were asked to end GRACE_S ago."""
        now = time.monotonic()
        for pid, running in self._running.items():
            if running.ending is None and now > running.until:
                reason = time_limits.exceeded(running.job.time_limit or "")
                self._end(pid, State.FAILED, reason, signal.SIGTERM)
            elif running.ending and now > running.ending.kill_at:
                processes.signal_session(pid, signal.SIGKILL)

    def _end(self, pid: int, state: State, why: str, number: int) -> None:
        self._running[pid].ending = _Ending(state, why, time.monotonic() + GRACE_S)
        processes.signal_session(pid, number)

    def _signal_all(self, number: int) -> None:
        for pid in self._running:
            processes.signal_session(pid, number)

    def _reap(self, intent: str) -> Iterator[JobEnded | JobContinues]:
        for pid, running in list(self._running.items()):  # and no other child: the process may have some of its own
            if ended := _end_of(pid, running.job):
                del self._running[pid]
                status = _status(intent, pid, running, ended.status, ended.shell_killed)
                used = self._meter.used(running.job.group, ended.usage) if ended.usage else None
                yield self._after(running, replace(status, used=used))

    def _after(self, running: _Running, status: JobStatus) -> JobEnded | JobContinues:
        """Return what the end of an attempt means; what continues does so before anything else starts."""
        job = running.job
        if running.ending:
            return JobEnded(job.group, status)
        if following := running.attempt.next_job(job, status):
            self._waiting.appendleft(following)
            return JobContinues(job.group, status)
        return JobEnded(job.group, running.attempt.ended(job, status))


@dataclass(frozen=True, slots=True)
class _Ending:
    """What becomes of a job that was asked to end, and when it is killed (by time.monotonic)."""

    state: State
    reason: str
    kill_at: float


@dataclass(slots=True)
class _Running:
    """An attempt at a job that runs, and until when it may (by time.monotonic)."""

    job: JobSpec
    until: float
    attempt: Attempt
    ending: _Ending | None = None


def _cancelled_by(number: int) -> str:
    return f"cancelled by {completion.signal_name(number)}"


def _status(intent: str, pid: int, running: _Running, status: JobStatus, shell_killed: bool) -> JobStatus:
    """Return how a job ended; kill what is left of it if it was asked to end or lost its shell."""
    if shell_killed or running.ending:
        leader_gone_s = 0.0 if shell_killed else LEFTOVER_S
        processes.end_family(MARK, f"{intent}:{running.job.group}", pid, leader_gone_s)
    if running.ending:
        # Even with exit code 0: a program that exits cleanly on request has not finished its work.
        return replace(status, state=running.ending.state, reason=running.ending.reason)
    return status


def _leader(handle: JobHandle) -> int:
    """Return the process group of a job that has started; journals of earlier versions name it as the job."""
    return int(handle.details.get("leader") or handle.job or 0)


@dataclass(frozen=True, slots=True)
class _End:
    """How a job's shell ended, whether it was killed, and what it and all that it waited for have used."""

    status: JobStatus
    shell_killed: bool
    usage: struct_rusage | None


def _end_of(pid: int, job: JobSpec) -> _End | None:
    """Return how a job's shell ended; None while it runs."""
    now = times.now_exact()
    try:
        ended, raw, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:  # SIGCHLD is ignored in this process, or something else here has collected the child
        lost = JobStatus(State.LOST, reason=f"how it ended is unknown: no {completion.COMPLETION}", ended=now)
        written = _as_written(job, now)
        return _End(written or lost, written is None, None)
    if not ended:
        return None
    code = os.waitstatus_to_exitcode(raw)
    if code < 0:
        return _End(completion.status_of(completion.SIGNAL_BASE - code, ended=now), True, usage)
    return _End(_as_written(job, now) or completion.status_of(code, ended=now), False, usage)


def _as_written(job: JobSpec, now: str) -> JobStatus | None:
    """Return how a job that has just ended did so according to its completion file; None if it left none."""
    file = job.storage / completion.COMPLETION
    try:
        with files.open_for_reading(file) as opened:  # the program may have put a pipe there
            text = opened.read(_COMPLETION_BYTES).decode(errors="replace")
            written = completion.parse(text, os.fstat(opened.fileno()).st_mtime, job.command[0])
    except OSError:
        return None
    return replace(written.status, ended=now) if written and written.attempt >= job.attempt else None


def _spawn(job: JobSpec, mark: str, started: str) -> wrapper.Processes:
    environment = {**os.environ, **job.environment, MARK: mark, ATTEMPT_VARIABLE: str(job.attempt)}
    if job.checkpoint:
        folder = job.storage / FOLDER
        folders.create(folder, job.sharing)
        environment[VARIABLE] = str(folder)
    return wrapper.spawn(job, job.storage / completion.COMPLETION, started, environment)
