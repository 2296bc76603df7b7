"""What Slurm reports about jobs: rows of squeue and of accounting, as statuses."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.runners.slurm import states
from qanat.runners.slurm.commands import call, stderr_text
from qanat.runners.slurm.submission import MARKED, numbers_in

Row = Mapping[str, str]

# Fields that may contain anything, even a line break, come last.
_SQUEUE = {"id": "%i", "state": "%T", "reason": "%r", "start": "%S", "end": "%e", "node": "%N", "name": "%j"}
_SQUEUE |= {"comment": "%k", "folder": "%Z"}
_SACCT = {"id": "jobid", "state": "state", "exit": "exitcode", "start": "start", "end": "end", "node": "nodelist"}
_SACCT |= {"submit": "submit", "cluster": "cluster", "name": "jobname", "comment": "comment", "line": "submitline"}
_TABLE = "jobid,state,exitcode,submit,start,elapsed,timelimit,reqmem,maxrss,nodelist"
_JOB = re.compile(r"(\d+)(?:_(?:\d+|\[([^]]*)\]))?\Z")
_NO_TIME = frozenset({"", "N/A", "Unknown", "None"})
# This message means that there is no accounting, which is a valid answer.
_WITHOUT_ACCOUNTING = b"accounting storage is disabled"
_BEGINNING = "1970-01-01"


def squeue(which: Sequence[str]) -> list[dict[str, str]]:
    """Ask squeue for jobs in any state, one row for each element of an array. Raises RunnerUnavailable."""
    done = call(["squeue", "-h", "-r", "-t", "all", "-o", "|".join(_SQUEUE.values()), *which])
    # squeue fails for a single job that it has forgotten, but leaves forgotten ones out of several without an error.
    if done.status != 0 and b"Invalid job id" not in done.err:
        raise RunnerUnavailable(f"squeue failed: {stderr_text(done)}")
    return _rows(done.out, tuple(_SQUEUE))


def row_of(rows: Mapping[str, Row], job: str) -> Row | None:
    """Return a job's row; array elements that were cancelled before they started share one under the array's number."""
    if job in rows:
        return rows[job]
    whole = rows.get(job.partition("_")[0])
    return whole if whole is not None and whole["state"] == "CANCELLED" else None


def sacct(which: Sequence[str], begin: str) -> list[dict[str, str]]:
    """Ask accounting for jobs since a timestamp, including earlier jobs that had the same number.

    Elements that were cancelled before they started get rows of their own. Returns nothing if there is no
    accounting. Raises RunnerUnavailable.
    """
    if shutil.which("sacct") is None:
        return []
    fields = dict(_SACCT)
    done = call(_sacct_command(fields, which, begin))
    if b"Invalid field" in done.err:  # Slurm before 21.08 has no submitline
        del fields["line"]
        done = call(_sacct_command(fields, which, begin))
    if _WITHOUT_ACCOUNTING in done.err:
        return []
    if done.status != 0:
        raise RunnerUnavailable(f"sacct failed: {stderr_text(done)}")
    return [each for row in _rows(done.out, tuple(fields)) for each in _expanded(row)]


def _sacct_command(fields: Mapping[str, str], which: Sequence[str], begin: str) -> list[str]:
    return ["sacct", "-X", "-D", "-n", "-P", "-o", ",".join(fields.values()), "-S", _local(begin), *which]


def table_command(which: Sequence[str], begin: str) -> list[str]:
    """Return the command that prints a readable table of jobs and their steps."""
    return ["sacct", "-o", _TABLE, "-S", _local(begin), *which]


def earliest_submission(handles: Iterable[JobHandle]) -> str:
    """Return the earliest time at which any of these jobs can have been submitted."""
    return min(str(h.details.get("submitted", "")) for h in handles)


def _rows(out: bytes, keys: Sequence[str]) -> list[dict[str, str]]:
    lines = (line.split("|", len(keys) - 1) for line in out.decode("utf-8", "replace").splitlines())
    rows = (dict(zip(keys, cells, strict=True)) for cells in lines if len(cells) == len(keys))
    return [row for row in rows if _JOB.match(row["id"])]


def _expanded(row: dict[str, str]) -> list[dict[str, str]]:
    """Return one row for each of the elements that share a row: 812_[4-6,9%2]."""
    match = _JOB.match(row["id"])
    if match is None or match[2] is None:
        return [row]
    return [{**row, "id": f"{match[1]}_{number}"} for number in numbers_in(match[2])]


def _local(timestamp: str) -> str:
    """Return a timestamp in Slurm's local time, an hour early; the start of accounting if it is not a timestamp."""
    try:
        begun = datetime.fromisoformat(timestamp).astimezone().timestamp() - 3600
    except ValueError:
        return _BEGINNING
    return datetime.fromtimestamp(begun).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: DTZ006  # Slurm's times are local


def mark_of(row: Row) -> re.Match[str] | None:
    """Return the mark that a job carries (intent and offset), whether it is in the comment or the name."""
    texts = (row.get(key, "") for key in ("comment", "line", "name"))
    return next(filter(None, map(MARKED.search, texts)), None)


def _is_ours(row: Row, handle: JobHandle) -> bool:
    """Return whether a row is about this job and not about another user's; clusters reuse numbers.

    If somebody has removed the mark, the job is identified by the folder that it was submitted from.
    """
    if mark := mark_of(row):
        return mark[1] == handle.intent
    folder, own = row.get("folder", ""), str(handle.details.get("folder", ""))
    return bool(folder) and os.path.realpath(folder) == os.path.realpath(own)


def from_squeue(row: Row | None, handle: JobHandle) -> JobStatus:
    """Return the status in a row of squeue."""
    if row is None or not _is_ours(row, handle):
        return JobStatus(None)
    status = states.status_of(row["state"], row["reason"])
    ended = status.state is not None and status.state.ended
    return replace(
        status,
        # Of a job that is cancelled while it waits, this is when it was expected to start, or has been cancelled.
        started=_timestamp(row["start"]) if row["node"] and (ended or status.state is State.RUNNING) else None,
        ended=_timestamp(row["end"]) if ended else None,
        host=row["node"] or None,
        expected=_timestamp(row["start"]) if status.state is State.QUEUED else None,
    )


def from_sacct(rows: Iterable[Row], handle: JobHandle, otherwise: JobStatus, reason: str = "") -> JobStatus:
    """Return the status in a job's rows of accounting, with squeue's `reason`; a requeued job has several rows.

    Only an end counts, since accounting lags behind squeue about active jobs; `otherwise` is returned if there is none.
    """
    ours = [row for row in rows if _is_ours(row, handle)]
    if not ours:
        return otherwise
    row = max(ours, key=lambda row: row["submit"])
    status = states.status_of(row["state"], reason, row["exit"])
    if status.state is None or not status.state.ended:
        return otherwise
    host = row["node"] if row["node"] not in _NO_TIME | {"None assigned"} else None
    return replace(status, started=_timestamp(row["start"]) if host else None, ended=_timestamp(row["end"]), host=host)


def _timestamp(text: str) -> str | None:
    """Return Slurm's local time as a timestamp; None if it is not a time."""
    if text in _NO_TIME:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return None
