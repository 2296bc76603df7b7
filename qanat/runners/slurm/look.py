"""Looking at jobs on one cluster: squeue, and accounting where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.runners.slurm import jobs, queue
from qanat.runners.slurm.commands import call
from qanat.runners.slurm.queue import Row
from qanat.runners.submitting import cancellations


def look(handles: Sequence[JobHandle], at: Sequence[str]) -> tuple[dict[JobHandle, JobStatus], str]:
    """Give what is known of jobs, and why that is not all. Raises RunnerUnavailable when squeue does not answer.

    `at` are the words that name the cluster. Accounting is asked about what squeue does not know, or knows as ended.
    """
    rows = {row["id"]: row for row in queue.squeue([*at, "-j", ",".join(jobs.numbers(handles))])}
    own = {h: queue.row_of(rows, str(h.job)) for h in handles}
    seen = {h: queue.from_squeue(row, h) for h, row in own.items()}
    rest = [h for h, status in seen.items() if status.state is None or status.state.ended]
    problem = ""
    try:
        past = _past(rest, at)
        reasons = {h: (own[h] or {}).get("reason", "") if seen[h].state else "" for h in rest}
        seen |= {h: queue.from_sacct(past.get(str(h.job), ()), h, seen[h], reasons[h]) for h in rest}
    except RunnerUnavailable as error:
        problem = error.message
    # An element that had not begun leaves no trace when it is cancelled; one that begins all the same ends at once.
    seen |= cancellations.weigh(seen, None, State.CANCELLED, State.FINISHED)
    return seen, problem if any(status.state is None for status in seen.values()) else ""


def _past(handles: Sequence[JobHandle], at: Sequence[str]) -> dict[str, list[Row]]:
    """Give accounting's rows of jobs by the jobs' names."""
    found: dict[str, list[Row]] = {}
    if handles:
        which = [*at, "-j", ",".join(jobs.numbers(handles))]
        for row in queue.sacct(which, queue.since(handles)):
            found.setdefault(row["id"], []).append(row)
    return found


def known_of(handles: Sequence[JobHandle], at: Sequence[str]) -> list[str]:
    """List what scontrol and accounting print of one job, or of the arrays that several are of."""
    names = [str(h.job) for h in handles] if len(handles) == 1 else jobs.numbers(handles)
    calls = [["scontrol", *at, "show", "job", name] for name in names]
    calls.append(queue.table_command([*at, "-j", ",".join(names)], queue.since(handles)))
    done = [call(words) for words in calls]
    return [each.out.decode("utf-8", "replace") for each in done if each.status == 0]
