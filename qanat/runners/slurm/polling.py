"""Polling jobs on one cluster: squeue, then accounting if there is any."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.runners.slurm import jobs, queue
from qanat.runners.slurm.commands import call
from qanat.runners.slurm.queue import Row
from qanat.runners.submitting import cancellations


def poll(handles: Sequence[JobHandle], at: Sequence[str]) -> tuple[dict[JobHandle, JobStatus], str]:
    """Return the statuses of jobs, and why some are unseen. Raises RunnerUnavailable if squeue does not answer.

    `at` are the arguments that name the cluster. Accounting is asked about jobs that squeue does not list or lists as
    ended.
    """
    rows = {row["id"]: row for row in queue.squeue([*at, "-j", ",".join(jobs.array_numbers(handles))])}
    own = {h: queue.row_of(rows, str(h.job)) for h in handles}
    seen = {h: queue.from_squeue(row, h) for h, row in own.items()}
    rest = [h for h, status in seen.items() if status.state is None or status.state.ended]
    problem = ""
    try:
        past = _accounting(rest, at)
        reasons = {h: (own[h] or {}).get("reason", "") if seen[h].state else "" for h in rest}
        seen |= {h: queue.from_sacct(past.get(str(h.job), ()), h, seen[h], reasons[h]) for h in rest}
    except RunnerUnavailable as error:
        problem = error.message
    # A cancelled element that had not started leaves no trace; if it starts after all, it exits at once.
    seen |= cancellations.weigh(seen, None, State.CANCELLED, State.FINISHED)
    return seen, problem if any(status.state is None for status in seen.values()) else ""


def _accounting(handles: Sequence[JobHandle], at: Sequence[str]) -> dict[str, list[Row]]:
    """Return accounting's rows by the jobs' names."""
    found: dict[str, list[Row]] = {}
    if handles:
        which = [*at, "-j", ",".join(jobs.array_numbers(handles))]
        for row in queue.sacct(which, queue.earliest_submission(handles)):
            found.setdefault(row["id"], []).append(row)
    return found


def reports(handles: Sequence[JobHandle], at: Sequence[str]) -> list[str]:
    """Return the output of scontrol and accounting for one job, or for the arrays of several jobs."""
    names = [str(h.job) for h in handles] if len(handles) == 1 else jobs.array_numbers(handles)
    calls = [["scontrol", *at, "show", "job", name] for name in names]
    calls.append(queue.table_command([*at, "-j", ",".join(names)], queue.earliest_submission(handles)))
    done = [call(arguments) for arguments in calls]
    return [each.out.decode("utf-8", "replace") for each in done if each.status == 0]
