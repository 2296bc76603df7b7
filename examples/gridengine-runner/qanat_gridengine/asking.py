"""Querying Grid Engine: the rows of qstat, and those of qacct once a job has left the queue."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from qanat.runners.api import JobStatus, RunnerUnavailable, State, programs

ASK_S = 8.0


def call(command: Sequence[str], *, stdin: bytes = b"", timeout_s: float = ASK_S) -> programs.Finished:
    """Run one of Grid Engine's programs. Raises RunnerUnavailable if it is missing or too slow."""
    return programs.run(command, cwd=Path("/"), stdin=stdin, timeout_s=timeout_s)


def stderr_text(done: programs.Finished, joint: str = " ") -> str:
    """Return a program's error message on one line."""
    lines = (done.err + done.out).decode("utf-8", "replace").splitlines()
    return joint.join(line.strip() for line in lines if line.strip() != "Exiting.") or f"exit status {done.status}"


def xml(command: Sequence[str]) -> ElementTree.Element:
    """Parse the XML output of one of Grid Engine's programs."""
    done = call(command)
    try:
        return ElementTree.fromstring(done.out)  # noqa: S314  # it comes from our own scheduler
    except ElementTree.ParseError:
        raise RunnerUnavailable(f"{command[0]} failed: {stderr_text(done)}") from None


def queue() -> dict[str, dict[str, str]]:
    """Return a row for each of the user's waiting and running tasks, by id: 12.3 is task 3 of job 12."""
    found = xml(["qstat", "-u", getpass.getuser(), "-g", "d", "-s", "prs", "-xml"])
    rows = ({item.tag: item.text or "" for item in row} for row in found.iter("job_list"))
    return {f"{row['JB_job_number']}.{row['tasks']}": row for row in rows if "tasks" in row}


def accounts(numbers: Sequence[str]) -> dict[str, str]:
    """Return the account, which is the intent of a run, of each of these jobs that is in the queue."""
    found = xml(["qstat", "-j", ",".join(numbers), "-xml"]).iter("element") if numbers else ()
    jobs = ((job.findtext("JB_job_number"), job.findtext("JB_account")) for job in found)
    return {number: account or "" for number, account in jobs if number}


def status_in_queue(row: Mapping[str, str]) -> JobStatus:
    """Return the status in a row of qstat; the manual page explains its states under "job state"."""
    state, began = row["state"], row.get("JAT_start_time")
    if "E" in state:
        return JobStatus(State.HELD, reason=f"Grid Engine could not start it ({state}); see qstat -j")
    if "w" in state:
        return JobStatus(State.HELD, reason="held") if "h" in state else JobStatus(State.QUEUED)
    going = JobStatus(State.HELD, reason=f"suspended ({state})") if set(state) & set("sST") else None
    host = row.get("queue_name", "").partition("@")[2]
    started = datetime.fromisoformat(began).astimezone(UTC).isoformat(timespec="seconds") if began else None
    return going or JobStatus(State.RUNNING, started=started, host=host or None)


def accounting(intent: str) -> Iterator[dict[str, str]]:
    """Yield the accounting data of each of a run's tasks, as the keys and values that qacct prints."""
    text = call(["qacct", "-A", intent, "-j"]).out.decode("utf-8", "replace")
    for part in re.split(r"^=+$", text, flags=re.MULTILINE):
        lines = (line.split(None, 1) for line in part.splitlines())
        row = {pair[0]: pair[1].strip() for pair in lines if len(pair) == 2}
        if row.get("account") == intent:
            yield row


def ended_tasks(intent: str) -> dict[str, JobStatus]:
    """Return how the tasks of a run ended according to accounting."""
    return {f"{row['jobnumber']}.{row['taskid']}": status_in_accounting(row) for row in accounting(intent)}


def status_in_accounting(row: Mapping[str, str]) -> JobStatus:
    """Return a task's status in accounting; `failed` is not 0 if Grid Engine ended it or could not start it."""
    code, failed = int(row["exit_status"].split()[0]), row["failed"].split()[0]
    ended = datetime.strptime(row["end_time"], "%a %b %d %H:%M:%S %Y").astimezone(UTC).isoformat(timespec="seconds")
    if failed == "0" and code == 0:
        return JobStatus(State.FINISHED, exit_code=0, ended=ended)
    number = code - 128 if code > 128 else None
    reason = f"Grid Engine: failed {row['failed']}" if failed != "0" else f"exit code {code}"
    exit_code = None if number else code
    return JobStatus(State.FAILED, exit_code, number, reason, ended=ended, host=row["hostname"])
