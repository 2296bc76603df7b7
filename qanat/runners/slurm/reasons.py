"""Slurm's reasons in plain terms. Source: squeue(1), JOB REASON CODES and JOB STATE CODES, Slurm 22.05."""

from __future__ import annotations

import re

_NOTHING = frozenset({"", "None", "N/A"})
# Why jobs wait for their turn; of a job that has ended, this says nothing.
_IN_TURN = {"Priority": "other jobs come first", "Resources": "what it requests is in use"}
_PENDING = _IN_TURN | {
    "AccountNotAllowed": "its account may not use its partition",
    "BadConstraints": "no node meets its constraints",
    "BeginTime": "it is not to start yet",
    "BurstBufferResources": "too little of the burst buffer is free",
    "BurstBufferStageIn": "its data are being copied to the burst buffer",
    "Cleaning": "its last attempt is being cleaned up",
    "DeadLine": "it would not end before its deadline",
    "Dependency": "it waits for other jobs",
    "DependencyNeverSatisfied": "a job that it depends on did not end as required",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "JobArrayTaskLimit": "as many jobs of its array are running as may run at once",
    "JobHeldAdmin": "held by an administrator",
    "JobHeldUser": "held by its user",
    "JobHoldMaxRequeue": "held since it was started again too often",
    "Licenses": "the licenses that it requests are in use",
    "NodeDown": "a node that it requests is down",
    "PartitionConfig": "it requests more than its partition has",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition is not starting jobs now",
    "PartitionNodeLimit": "it requests more nodes than its partition allows",
    "PartitionTimeLimit": "it requests more time than its partition allows",
    "Prolog": "its node is being prepared",
    "QOSNotAllowed": "its QOS may not be used in its partition",
    "QOSUsageThreshold": "its QOS has been used too much",
    "ReqNodeNotAvail": "a node that it needs is down, drained or reserved",
    "Reservation": "its reservation has not begun",
    "ReservationDeleted": "its reservation is gone",
    "launch_failed_requeued_held": "held since it could not be started",
}
# Limits have many names: Assoc is what an account, or a user of it, may have.
_LIMITS = (
    (r"(?:Assoc|QOS)Max\w*Per(?:Job|Node)(?:Limit)?", "it requests more than a job may have"),
    (r"QOSMin\w+", "it requests less than a job must have"),
    (r"QOSMax\w*PerUser(?:Limit)?", "its user already has as much as a user may have at once"),
    (r"(?:QOSMax|Max|Assoc(?:Max|Grp))\w+", "its account already has as much as it may have at once"),
    (r"QOS(?:Grp\w+|\w+Limit)", "its QOS is used as much as it may be at once"),
)
# States in which a job does not run; that of one that is only held is PENDING.
_HELD = {
    "REQUEUE_HOLD": "queued again, and held",
    "RESV_DEL_HOLD": "held since its reservation is gone",
    "SPECIAL_EXIT": "held for how it ended",
    "STOPPED": "stopped",
    "SUSPENDED": "suspended",
}
# Ends that are Slurm's doing. The first is what qanat says of a local run, too.
_ENDS = {
    "TIMEOUT": "exceeded the time limit",
    "BOOT_FAIL": "its node did not start",
    "DEADLINE": "did not end before its deadline",
    "LAUNCH_FAILED": "could not be started",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "took more memory than it requested",
    "PREEMPTED": "had to make room for another job",
    "RECONFIG_FAIL": "its node could not be prepared",
}
_CANCELLED = frozenset({"CANCELLED", "REVOKED"})


def of_pending(reason: str) -> str:
    """Return why a job waits: `other jobs come first (Priority)`; Slurm's own alone if it is not known here."""
    if reason in _NOTHING:
        return ""
    code = reason.partition(",")[0]
    words = _PENDING.get(code) or next((words for form, words in _LIMITS if re.fullmatch(form, code)), "")
    return f"{words} ({reason})" if words else reason


def of_held(state: str, reason: str) -> str:
    """Return why a job is held that is in a state of its own: `suspended (SUSPENDED)`."""
    slurms = ", ".join([state] if reason in _NOTHING else [state, reason])
    return f"{_HELD[state]} ({slurms})" if state in _HELD else slurms


def of_end(state: str, by: str, reason: str) -> str:
    """Return why a job did not end by itself: `its node failed (NODE_FAIL)`; `by` is `by 1000` if a user cancelled it.

    Of a failure that is not Slurm's doing, Slurm's own terms are returned.
    """
    if state in _ENDS:
        return f"{_ENDS[state]} ({state})"
    slurms = state if reason in _NOTHING | _IN_TURN.keys() else f"{state}, {reason}"
    if state not in _CANCELLED:
        return slurms
    user = f" by user {by.removeprefix('by ')}" if by else ""
    return f"cancelled{user} ({slurms})"


def of_cause(state: str) -> str:
    """Return why Slurm ended a job, after what its program itself left; empty if Slurm did not."""
    return f"{_ENDS[state]} ({state})" if state in _ENDS else ""
