"""What states and reasons of Slurm mean. Source: squeue(1), JOB STATE CODES and JOB REASON CODES, Slurm 22.05."""

from __future__ import annotations

import re
from dataclasses import replace

from qanat.domain.completion import signal_name
from qanat.domain.job import JobStatus
from qanat.domain.run import State

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
# What qanat says of a local run, too; Slurm's reason only repeats it.
_LIMITS = {"TIMEOUT": "exceeded the time limit"}
_NOTHING = frozenset({"", "None", "N/A"})
# Why jobs wait for their turn; of a job that has ended, this says nothing.
_IN_TURN = {"Priority": "other jobs come first", "Resources": "what it requests is in use"}
# Reasons that waiting alone does not remove.
_BLOCKED = {
    "BadConstraints": "no node meets its constraints",
    "DependencyNeverSatisfied": "a job that it depends on did not end as required",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition is not starting jobs now",
    "PartitionNodeLimit": "it requests more nodes than its partition allows",
    "PartitionTimeLimit": "it requests more time than its partition allows",
    "ReqNodeNotAvail": "a node that it needs is down, drained or reserved",
}
_PER_JOB = re.compile(r"(?:Assoc|QOS)Max\w*PerJob(?:Limit)?\Z")


def status_of(state: str, reason: str = "", exit_code: str = "") -> JobStatus:
    """Return the status that a state of Slurm means; `exit_code` is sacct's `code:signal`. An unknown state is unseen.

    `CANCELLED by 1000` is CANCELLED. A pending job is held if anyone holds it. Slurm's reason is
    kept unless it says nothing.
    """
    name, _, by = state.partition(" ")
    name = name.rstrip("+")
    detail = "" if reason in _NOTHING or (reason in _IN_TURN and name != "PENDING") else reason
    if name in _GOING:
        held = name == "PENDING" and "held" in reason.lower()
        active = State.HELD if held else _GOING[name]
        detail = _explained(detail) if name == "PENDING" else detail
        held_as = name if active is State.HELD and name != "PENDING" else ""
        # A job that is held while it runs also has that reason; it applies only if the job is requeued.
        detail = "" if active is State.RUNNING else detail
        return JobStatus(active, reason=", ".join(filter(None, (held_as, detail))))
    if name not in _ENDED:
        return JobStatus(None)
    status = JobStatus(
        _ENDED[name],
        exit_code=0 if name == "COMPLETED" else None,
        reason=_reason(name, by, detail),
        cause="" if name in _OWN else name,
    )
    return _with_code(status, exit_code) if exit_code else status


def _explained(reason: str) -> str:
    """Return Slurm's reason, with what it means if it is a frequent one, or one that waiting alone does not remove."""
    code = reason.partition(",")[0]
    per_job = "it requests more than a job may have" if _PER_JOB.match(code) else ""
    meaning = (_IN_TURN | _BLOCKED).get(code, per_job)
    return f"{reason}: {meaning}" if meaning else reason


def _reason(name: str, by: str, detail: str) -> str:
    if name == "COMPLETED":
        return ""
    if name in _LIMITS:
        return f"{_LIMITS[name]}, {name}"
    return ", ".join(filter(None, (f"{name} {by}".strip() if by else name, detail)))


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
