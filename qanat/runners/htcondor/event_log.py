"""What an event log of HTCondor says about each job; the worker runs this file by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_log(htcondor2: Any, path: str) -> dict[str, Any]:
    """Reduce an event log to the latest status of each job, by `cluster.proc`; empty if there is no log.

    A removed cluster that created its jobs as needed has an entry under its number: the first job never created.
    """
    jobs: dict[str, Any] = {}
    if not Path(path).is_file():  # reading a pipe would block
        return jobs
    try:
        for event in htcondor2.JobEventLog(path).events(stop_after=0):
            name = event.type.name
            if name == "CLUSTER_REMOVE":
                jobs[str(event.cluster)] = {"next": event.get("NextProcId", 0), "at": int(event.timestamp)}
            elif event.proc >= 0:
                key = f"{event.cluster}.{event.proc}"
                if name == "SUBMIT" or key not in jobs:
                    jobs[key] = {"state": "idle", "starts": 0}
                if fold := _FOLDS.get(name):
                    jobs[key]["at"] = int(event.timestamp)
                    fold(jobs[key], event)
    except (htcondor2.HTCondorException, OSError, ValueError, TypeError, RuntimeError):
        return jobs
    return jobs


def _execute(job: dict[str, Any], event: Any) -> None:
    host = event.get("SlotName") or event.get("ExecuteHost") or ""
    job.update(state="running", starts=job["starts"] + 1, started=int(event.timestamp), host=str(host))


def _idle(job: dict[str, Any], _event: Any) -> None:
    job.update(state="idle")


def _suspended(job: dict[str, Any], _event: Any) -> None:
    job.update(state="suspended")


def _disconnected(job: dict[str, Any], _event: Any) -> None:
    job.update(state="disconnected")


def _resumed(job: dict[str, Any], _event: Any) -> None:
    job.update(state="running")


def _held(job: dict[str, Any], event: Any) -> None:
    reason, code, subcode = (event.get(f"HoldReason{part}") for part in ("", "Code", "SubCode"))
    job.update(state="held", reason=str(reason or ""), code=code, subcode=subcode)
    job["hold"] = job["reason"]


def _aborted(job: dict[str, Any], event: Any) -> None:
    job.update(state="removed", reason=str(event.get("Reason", "")))


def _terminated(job: dict[str, Any], event: Any) -> None:
    normally = bool(event.get("TerminatedNormally"))
    code, number = event.get("ReturnValue"), event.get("TerminatedBySignal")
    job.update(state="ended", exit_code=code if normally else None, signal=None if normally else number)


_FOLDS = {
    "EXECUTE": _execute,
    "JOB_EVICTED": _idle,
    "SHADOW_EXCEPTION": _idle,
    "JOB_DISCONNECTED": _disconnected,
    "JOB_RECONNECTED": _resumed,
    "JOB_RECONNECT_FAILED": _idle,
    "JOB_SUSPENDED": _suspended,
    "JOB_UNSUSPENDED": _resumed,
    "JOB_HELD": _held,
    "JOB_RELEASED": _idle,
    "JOB_ABORTED": _aborted,
    "JOB_TERMINATED": _terminated,
}
