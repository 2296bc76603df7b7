"""Querying PBS: the attributes of jobs, as `qstat -f -F json` prints them, and what they say about a job.

Source: the manual pages of OpenPBS 20 to 23 (qstat, qselect, pbs_job_attributes).
"""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from qanat.runners.api import JobStatus, RunnerUnavailable, State, programs

ASK_S = 20.0
IDS_AT_ONCE = 200
# A machine that submits jobs and the server may not have quite the same time.
CLOCKS_APART = timedelta(minutes=5)
# The variable that identifies a run's jobs. A value of digits alone would be printed as a number.
INTENT, MARK = "QANAT_INTENT", "run-"
Rows = Mapping[str, Mapping[str, Any]]

_WAITING = {"Q": "", "T": "being moved", "W": "waits for its start time"}
_HELD = {"H": "held", "S": "suspended", "U": "suspended: its machine is in use", "M": "moved to another server"}
_SIGNALS_FROM = 256
# Why PBS ended a job, by its Exit_status.
_ENDED_BY_PBS = {
    -24: "used too many CPUs",
    -25: "used too many CPUs",
    -26: "OUT_OF_MEMORY: exceeded its virtual memory",
    -27: "OUT_OF_MEMORY: exceeded its memory",
    -28: "exceeded the time limit of its CPUs",
    -29: "exceeded the time limit",
}
_NO_HISTORY = "job history"
_UNREACHABLE = ("cannot connect", "connection refused", "could not connect")


def call(command: Sequence[str], *, stdin: bytes = b"", timeout_s: float = ASK_S) -> programs.Finished:
    """Run one of PBS's programs. Raises RunnerUnavailable if it is missing, too slow, or does not reach the server."""
    done = programs.run(command, cwd=Path("/"), stdin=stdin, timeout_s=timeout_s)
    said = done.err.decode("utf-8", "replace").lower()
    if done.status != 0 and any(sign in said for sign in _UNREACHABLE):
        raise RunnerUnavailable(f"PBS does not answer: {stderr_text(done)}", hint="see: qstat -B")
    return done


def stderr_text(done: programs.Finished) -> str:
    """Return a program's error message on one line."""
    text = " ".join((done.err or done.out).decode("utf-8", "replace").split())
    return text or f"exit status {done.status}"


def rows(ids: Sequence[str]) -> Rows:
    """Return the attributes of these jobs and arrays, and of the subjobs of the arrays, by id; without unknown ones."""
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        done = call(["qstat", "-x", "-t", "-f", "-F", "json", *some])
        if done.status != 0 and _NO_HISTORY in done.err.decode("utf-8", "replace").lower():
            done = call(["qstat", "-t", "-f", "-F", "json", *some])
        found |= _jobs(done)
    return found


def _jobs(done: programs.Finished) -> Rows:
    # It fails if one of the jobs is unknown, and prints the others all the same.
    text = done.out.decode("utf-8", "replace").strip()
    try:
        content = json.loads(text, strict=False) if text else {}
    except ValueError as error:
        raise RunnerUnavailable(f"qstat printed what is not JSON: {error}", hint="see: qstat -f -F json") from None
    jobs = content.get("Jobs", {}) if isinstance(content, dict) else {}
    return {str(id_): row for id_, row in jobs.items() if isinstance(row, dict)} if isinstance(jobs, dict) else {}


def own_ids(since: str) -> list[str]:
    """Return the user's jobs and arrays since a time, finished ones too if PBS keeps them."""
    earliest = (datetime.fromisoformat(since) - CLOCKS_APART).astimezone()
    words = ["-u", getpass.getuser(), f"-tc.ge.{earliest:%Y%m%d%H%M.%S}"]
    done = call(["qselect", "-x", *words])
    if done.status != 0:
        done = call(["qselect", *words])
    if done.status != 0:
        raise RunnerUnavailable(f"qselect failed: {stderr_text(done)}")
    return done.out.decode("utf-8", "replace").split()


def intent_of(id_: str, known: Rows) -> str:
    """Return the intent that a job carries; a subjob may leave it to its array. Empty if there is none."""
    for place in (id_, array_of(id_)):
        variables = known.get(place, {}).get("Variable_List", {})
        if isinstance(variables, str):
            variables = dict(part.partition("=")[::2] for part in variables.split(","))
        value = str(variables.get(INTENT, "")) if isinstance(variables, dict) else ""
        if value.startswith(MARK):
            return value.removeprefix(MARK)
    return ""


def array_of(id_: str) -> str:
    """Return the id of the array of a subjob, `12[].server` for `12[3].server`; any other id as it is."""
    return re.sub(r"\[[0-9]+\]", "[]", id_, count=1)


def status_of(row: Mapping[str, Any]) -> JobStatus:
    """Return what the attributes of a job or subjob say about it."""
    state = str(row.get("job_state", ""))
    if state in _WAITING:
        return JobStatus(State.QUEUED, reason=_WAITING[state])
    if state in _HELD:
        return JobStatus(State.HELD, reason=_HELD[state])
    host = re.split(r"[/:(+]", str(row.get("exec_host", "")), maxsplit=1)[0] or None
    if state in ("R", "E"):
        return JobStatus(State.RUNNING, started=_time(row.get("stime")), host=host)
    if state in ("F", "X"):
        return _ended(row, host)
    return JobStatus(None)


def _ended(row: Mapping[str, Any], host: str | None) -> JobStatus:
    """Return how a job ended; one without an Exit_status never ran, or PBS does not say."""
    try:
        code = int(row["Exit_status"])
    except (KeyError, TypeError, ValueError):
        return JobStatus(None)
    ended = _time(row.get("history_timestamp")) or _time(row.get("mtime"))
    if ended is None:
        return JobStatus(None)
    if code == 0:
        return JobStatus(State.FINISHED, exit_code=0, ended=ended, host=host)
    cause = _ENDED_BY_PBS.get(code, "")
    if code < 0:
        reason = cause or f"PBS could not run it (Exit_status {code})"
        return JobStatus(State.FAILED, reason=reason, cause=cause, ended=ended, host=host)
    if code >= _SIGNALS_FROM:
        return JobStatus(State.FAILED, signal=code - _SIGNALS_FROM, ended=ended, host=host)
    return JobStatus(State.FAILED, exit_code=code, reason=f"exit code {code}", ended=ended, host=host)


def _time(value: object) -> str | None:
    """Return a timestamp of PBS in UTC: seconds, or a date such as `Thu Mar 19 15:09:46 2026` in local time."""
    try:
        moment = (
            datetime.fromtimestamp(int(str(value)), UTC)
            if str(value).isdigit()
            else datetime.strptime(str(value), "%a %b %d %H:%M:%S %Y").astimezone(UTC)
        )
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="seconds")
