"""Naming jobs for a schedd: expressions that match no other user's jobs, whatever their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.job import JobHandle
from qanat.domain.spans import spans
from qanat.runners.htcondor import keys
from qanat.runners.htcondor.order import JOBS

# An expression names at most this many jobs.
SPANS_MAX = 50


def numbers_of(handle: JobHandle) -> tuple[int, int]:
    """Return the numbers of a job's cluster and of the job in it."""
    cluster, _, proc = str(handle.job).partition(".")
    return int(cluster), int(proc)


def constraints(handles: Sequence[JobHandle], *, all_of_them: bool, idle: bool = False) -> list[str]:
    """Return expressions that match these jobs, and their clusters' job factories if all future jobs are among them.

    `all_of_them` says that these are all jobs of their clusters that have not ended, or all that have not started.
    With `idle`, jobs that run by now do not match.
    """
    clusters: dict[int, list[int]] = {}
    for handle in handles:
        cluster, proc = numbers_of(handle)
        clusters.setdefault(cluster, []).append(proc)
    parts = [part for cluster, procs in clusters.items() for part in _of_cluster(cluster, procs, all_of_them, idle)]
    intents = keys.intent_expression(h.intent for h in handles)
    return [f"{part} && ({intents})" for part in parts]


def _of_cluster(cluster: int, procs: Sequence[int], all_of_them: bool, idle: bool) -> list[str]:
    found = spans(procs)
    first, last = found[-1]
    total = f"ifThenElse(TotalSubmitProcs =?= undefined, {JOBS}, TotalSubmitProcs)"
    to_come = "" if all_of_them else f" && JobMaterializeNextProcId >= {first} && {total} <= {last + 1}"
    only = " && JobStatus == 1" if idle else ""
    named = [f"(ProcId >= {a} && ProcId <= {b}{only})" for a, b in found] + [f"(ProcId =?= undefined{to_come})"]
    groups = (named[i : i + SPANS_MAX] for i in range(0, len(named), SPANS_MAX))
    return [f"(ClusterId == {cluster} && ({' || '.join(group)}))" for group in groups]
