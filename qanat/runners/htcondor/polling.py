"""Polling jobs: what a worker is asked about them, and finding a job's status in its answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from qanat.domain import times
from qanat.domain.job import JobHandle, JobStatus
from qanat.runners.htcondor import evidence as htcondor_evidence
from qanat.runners.htcondor import keys
from qanat.runners.htcondor.client import Answer
from qanat.runners.htcondor.constraints import numbers_of
from qanat.runners.htcondor.evidence import Evidence
from qanat.runners.htcondor.submission import EVENT_LOG

# The clocks of two machines may differ by this much when a search of the history has to end somewhere.
CLOCKS_S = 3_600
_JOB = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}\Z")


def with_jobs(handles: Sequence[JobHandle]) -> list[JobHandle]:
    """Return the handles that have a job, with a name that a schedd can have given."""
    return [handle for handle in handles if _JOB.match(str(handle.job))]


def by_schedd(handles: Sequence[JobHandle]) -> dict[str, list[JobHandle]]:
    """Return the handles that have a job by the names of the schedds that they were submitted to."""
    named = sorted(with_jobs(handles), key=_schedd_of)
    return {name: list(there) for name, there in itertools.groupby(named, _schedd_of)}


def log_of(handle: JobHandle) -> str:
    """Return the path of the event log of a job's run."""
    return f"{handle.details.get('folder', '')}/{EVENT_LOG}"


def _schedd_of(handle: JobHandle) -> str:
    return str(handle.details.get("schedd", ""))


def earliest(since: object) -> int:
    """Return the second since 1970 before which nothing about a run can be in the history."""
    return int(times.parse(str(since)).timestamp() - CLOCKS_S) if times.is_timestamp(since) else 0


def schedds(handles: Sequence[JobHandle]) -> list[dict[str, Any]]:
    """Return what to ask each schedd; see the worker."""
    queries: dict[str, dict[str, Any]] = {}
    for handle in handles:
        name, since = _schedd_of(handle), earliest(handle.details.get("submitted"))
        of_schedd = queries.setdefault(name, {"name": name, "since": since, "clusters": {}})
        of_schedd["since"] = min(of_schedd["since"], since)
        cluster, proc = numbers_of(handle)
        part = of_schedd["clusters"].setdefault(str(cluster), {"log": log_of(handle), "procs": []})
        part["procs"].append(proc)
    return list(queries.values())


class Seen:
    """A worker's answers about jobs, which can be looked up by a job's handle."""

    def __init__(self, answers: Sequence[Answer], *, answered: bool) -> None:
        self._answered = answered
        self._logs: Answer = next((a["logs"] for a in answers if "logs" in a), {})
        self._jobs: dict[str, dict[tuple[str, int, int], Answer]] = {"queue": {}, "history": {}}
        self._factories: dict[tuple[str, int], Answer] = {}
        for answer in answers:
            schedd = answer.get("schedd", "")
            for source, known in self._jobs.items():
                known.update({(schedd, ad["ClusterId"], ad["ProcId"]): ad for ad in answer.get(source, [])})
            self._factories |= {(schedd, ad["ClusterId"]): ad for ad in answer.get("factories", [])}

    def never_was(self, handle: JobHandle) -> bool:
        """Return whether there is no trace of a job, as of one whose cluster was removed while it was paused."""
        if not self._answered or str(handle.job) in self._logs.get(log_of(handle), {}):
            return False
        return self.status(handle).state is None

    def status(self, handle: JobHandle) -> JobStatus:
        """Return a job's status; an entry with another intent is another user's job with the same number."""
        schedd, (cluster, proc) = _schedd_of(handle), numbers_of(handle)
        log = self._logs.get(log_of(handle), {})
        found = [self._jobs[source].get((schedd, cluster, proc)) for source in ("queue", "history")]
        queued, past, factory = (
            ad if ad and ad.get(keys.INTENT) == handle.intent else None
            for ad in (*found, self._factories.get((schedd, cluster)))
        )
        logged, removed = log.get(f"{cluster}.{proc}"), log.get(str(cluster))
        evidence = Evidence(logged, queued, past, factory, removed, answered=self._answered)
        return htcondor_evidence.weigh(proc, evidence)
