"""What Slurm knows of jobs: squeue's rows and accounting's, as statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.runners import slurm_states
from qanat.system import programs

ASK_S = 8.0
MARK = "qanat"
MARKED = re.compile(rf"{MARK}:([0-9a-f]+):(\d+)\Z")
_SQUEUE = "%i|%T|%r|%S|%e|%N|%k"
_SACCT = "jobid,state,exitcode,start,end,nodelist,submit,jobname"
_NO_TIME = frozenset({"", "N/A", "Unknown", "None"})


def said(done: programs.Finished) -> str:
    """Give what a program complained of, on one line."""
    words = " ".join(done.err.decode("utf-8", "replace").split())
    return words or f"exit status {done.status}"


def squeue(which: Sequence[str]) -> list[dict[str, str]]:
    """Ask squeue for jobs in any state, one row for each element of an array."""
    done = programs.run(["squeue", "-h", "-r", "-t", "all", "-o", _SQUEUE, *which], cwd=Path("/"), timeout_s=ASK_S)
    # A single job that is forgotten is an error for squeue, several are left out without one.
    if done.status != 0 and b"Invalid job id" not in done.err:
        raise RunnerUnavailable(f"squeue failed: {said(done)}")
    keys = ("id", "state", "reason", "start", "end", "node", "mark")
    lines = done.out.decode("utf-8", "replace").splitlines()
    return [dict(zip(keys, line.split("|", 6), strict=True)) for line in lines if line.count("|") >= 6]


def row_of(rows: Mapping[str, Mapping[str, str]], job: str) -> Mapping[str, str] | None:
    """Give a job's row; elements of an array that were cancelled before they began share one under the bare number."""
    if job in rows:
        return rows[job]
    whole = rows.get(job.partition("_")[0])
    return whole if whole is not None and whole["state"] == "CANCELLED" else None


def sacct(handles: Sequence[JobHandle]) -> dict[str, dict[str, str]]:
    """Ask accounting about jobs since the first of them was submitted; nothing, where there is no accounting."""
    numbers = sorted({str(h.job).partition("_")[0] for h in handles})
    since = min((str(h.details.get("submitted", "")) for h in handles), default="")
    command = ["sacct", "-X", "-n", "-P", "-o", _SACCT, "-j", ",".join(numbers), "-S", _local(since)]
    try:
        done = programs.run(command, cwd=Path("/"), timeout_s=ASK_S)
    except RunnerUnavailable:
        return {}
    keys = _SACCT.split(",")
    lines = done.out.decode("utf-8", "replace").splitlines() if done.status == 0 else []
    rows = [dict(zip(keys, line.split("|"), strict=False)) for line in lines]
    return {row["jobid"]: row for row in rows if len(row) == len(keys)}


def _local(moment: str) -> str:
    """Write a moment of a record in Slurm's time, an hour early; accounting from its beginning for none."""
    try:
        begun = datetime.fromisoformat(moment).astimezone().timestamp() - 3600
    except ValueError:
        return "1970-01-01"
    return datetime.fromtimestamp(begun).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: DTZ006  # Slurm's times are local


def from_squeue(row: Mapping[str, str] | None, handle: JobHandle) -> JobStatus:
    """Read a row of squeue; a job of another intent has got a number that was used before, and is not ours."""
    if row is None:
        return JobStatus(None)
    match = MARKED.match(row["mark"])
    if match and match[1] != handle.intent:
        return JobStatus(None)
    status = slurm_states.status_of(row["state"], row["reason"])
    ended = status.state is not None and status.state.ended
    return replace(
        status,
        started=_moment(row["start"]) if ended or status.state is State.RUNNING else None,
        ended=_moment(row["end"]) if ended else None,
        host=row["node"] or None,
    )


def from_sacct(row: Mapping[str, str], handle: JobHandle, otherwise: JobStatus) -> JobStatus:
    """Read a row of accounting, which knows exit codes; one submitted before us is of an earlier job."""
    submitted = _moment(row["submit"])
    ours = str(handle.details.get("submitted", ""))
    if submitted and ours and submitted < _earlier(ours):
        return otherwise
    status = slurm_states.status_of(row["state"], otherwise.reason, row["exitcode"])
    if status.state is None:
        return otherwise
    return replace(
        status,
        started=_moment(row["start"]),
        ended=_moment(row["end"]) if status.state.ended else None,
        host=row["nodelist"] if row["nodelist"] not in _NO_TIME | {"None assigned"} else None,
    )


def _earlier(moment: str) -> str:
    """Give the moment a minute before, for clocks that differ."""
    return (datetime.fromisoformat(moment).astimezone(UTC) - timedelta(seconds=60)).isoformat(timespec="seconds")


def _moment(text: str) -> str | None:
    """Read Slurm's local time into a moment of a record."""
    if text in _NO_TIME:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return None
