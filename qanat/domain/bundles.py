"""Bundles: several groups of a run in one job, which works through them.

A scheduler knows a bundle by a number, as it knows a group that has a job to itself. The number follows from the
groups, so that nothing else has to be recorded to find the job again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qanat.domain.job import JobStatus
from qanat.domain.retry_policy import NOT_STARTED
from qanat.domain.run import Group, State, lost

_TURN = "waits in job "


def bundles(numbers: Sequence[int], per_job: int | None) -> dict[int, tuple[int, ...]]:
    """Return the groups of each job by its number; without `per_job`, each group has a job with its own number.

    `numbers` ascend, so that the first groups of two bundles are at least `per_job` apart.
    """
    if not per_job or per_job < 1:
        return {number: (number,) for number in numbers}
    parts = [tuple(numbers[i : i + per_job]) for i in range(0, len(numbers), per_job)]
    return {number_of(part[0], per_job): part for part in parts}


def by_job(groups: Iterable[Group]) -> dict[str, list[Group]]:
    """Return the groups of each job by its name; those of a bundle name the same job."""
    found: dict[str, list[Group]] = {}
    for group in groups:
        if group.job is not None:
            found.setdefault(group.job, []).append(group)
    return found


def number_of(first: int, per_job: int | None) -> int:
    """Return the number of the bundle whose first group has this number."""
    return first // max(per_job or 1, 1)


def status_in_job(group: Group, job: JobStatus, starts: Sequence[str]) -> JobStatus:
    """Return the status of a group that has left no end, from that of its job and from when it was started there."""
    if job.state is State.RUNNING and not starts:
        return JobStatus(State.QUEUED, reason=f"{_TURN}{group.job} for its turn")
    if job.state in (State.QUEUED, State.HELD) or not starts:
        return replace(job, started=None, host=None, restarts=0)
    return replace(job, started=starts[-1], restarts=len(starts) - 1)


def is_turn(reason: str) -> bool:
    """Return whether a group is queued only because others of its job run before it."""
    return reason.startswith(_TURN)


def end_in_job(group: Group, job: JobStatus, *, began: bool, others_began: bool) -> Group:
    """Return a group with the end that its job's end means, given as that of the group itself.

    What ended the job has ended the programs that ran then. A group that had not begun will not start.
    """
    if began:
        where = f"its job {group.job} has ended, and left no completion.json"
        return lost(group, where) if group.state is State.FINISHED else group
    if group.state is State.CANCELLED or not others_began:
        return group
    why = f": {job.reason}" if job.reason else ""
    reason = f"{NOT_STARTED}{group.job} had ended{why}"
    return replace(group, state=State.CANCELLED, exit_code=None, signal=None, reason=reason)
