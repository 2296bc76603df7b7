"""What states of Slurm mean. Source: squeue(1), JOB STATE CODES, Slurm 22.05."""

from __future__ import annotations

import re
from dataclasses import replace

from qanat.domain.completion import signal_name
from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.runners.slurm import reasons

_GOING = {
    "PENDING": State.QUEUED,
    "CONFIGURING": State.QUEUED,
    "REQUEUED": State.QUEUED,
    "REQUEUE_FED": State.QUEUED,
    "RUNNING": State.RUNNING,
    "COMPLETING": State.RUNNING,
    "RESIZING": State.RUNNING,
    "SIGNALING": State.RUNNING,
    "STAGE_OUT": State.RUNNING,
    "SUSPENDED": State.HELD,
    "STOPPED": State.HELD,
    "REQUEUE_HOLD": State.HELD,
    "SPECIAL_EXIT": State.HELD,
    "RESV_DEL_HOLD": State.HELD,
}
_ENDED = {
    "COMPLETED": State.FINISHED,
    "CANCELLED": State.CANCELLED,
    "REVOKED": State.CANCELLED,
    "FAILED": State.FAILED,
    "TIMEOUT": State.FAILED,
    "NODE_FAIL": State.FAILED,
    "OUT_OF_MEMORY": State.FAILED,
    "BOOT_FAIL": State.FAILED,
    "DEADLINE": State.FAILED,
    "PREEMPTED": State.FAILED,
    "LAUNCH_FAILED": State.FAILED,
    "RECONFIG_FAIL": State.FAILED,
}
# Ends caused by the program itself or by the user who cancelled it; all others are caused by Slurm.
_OWN = frozenset({"COMPLETED", "FAILED", "CANCELLED", "REVOKED"})
# Slurm has one state for jobs that wait, held or not: JobHeldUser, JobHoldMaxRequeue, launch_failed_requeued_held. One
# that waits for QOSUsageThreshold is not held.
_IS_HELD = re.compile("[Hh]eld|Hold")


def status_of(state: str, reason: str = "", exit_code: str = "") -> JobStatus:
    """Return the status that a state of Slurm means; `exit_code` is sacct's `code:signal`. An unknown state is unseen.

    `CANCELLED by 1000` is CANCELLED. A pending job is held if anyone holds it. Slurm's reason is
    kept unless it says nothing.
    """
    name, _, by = state.partition(" ")
    name = name.rstrip("+")
    if name in _GOING:
        return _going(name, reason)
    if name not in _ENDED:
        return JobStatus(None)
    status = JobStatus(
        _ENDED[name],
        exit_code=0 if name == "COMPLETED" else None,
        reason="" if name == "COMPLETED" else reasons.of_end(name, by, reason),
        cause="" if name in _OWN else reasons.of_cause(name),
    )
    return _with_code(status, exit_code) if exit_code else status


def _going(name: str, reason: str) -> JobStatus:
    if name == "PENDING":
        state = State.HELD if _IS_HELD.search(reason) else State.QUEUED
        return JobStatus(state, reason=reasons.of_pending(reason))
    if _GOING[name] is State.HELD:
        return JobStatus(State.HELD, reason=reasons.of_held(name, reason))
    # A job that is held while it runs also has that reason; it applies only if the job is requeued.
    return JobStatus(_GOING[name], reason="" if _GOING[name] is State.RUNNING else reasons.of_pending(reason))


def _with_code(status: JobStatus, exit_code: str) -> JobStatus:
    code, _, signal = exit_code.partition(":")
    if not (code.isdigit() and (signal or "0").isdigit()):
        return status
    # A job that was cut short also has 0:0.
    if status.state is State.FINISHED or exit_code == "0:0":
        return status
    if int(signal or 0):
        return replace(status, signal=int(signal), reason=f"{status.reason}, {signal_name(int(signal))}")
    return replace(status, exit_code=int(code), reason=f"{status.reason}, exit code {int(code)}")
