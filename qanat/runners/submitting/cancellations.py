"""Which jobs qanat has cancelled, noted in the runs' storage directories.

A scheduler cannot remove a job that it has not created yet, may forget in a crash that it was told to, or leaves no
trace of a job that it removed. So the jobs read these notes too: a cancelled job that still starts exits at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import times
from qanat.domain.completion import CANCELLED_REASON
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import WriteFailed
from qanat.system import files, folders

FILE = "cancelled"
REASON = CANCELLED_REASON
# A run with the most groups, cancelled twice: the newest notes are those that count.
_BYTES_MAX = 16 * 2**20


def note(handles: Sequence[JobHandle]) -> None:
    """Note that these jobs were cancelled, with a line `INTENT GROUP TIMESTAMP` for each."""
    now = times.now()
    placed = [h for h in handles if h.details.get("folder")]
    for folder in {_folder(h) for h in placed}:
        lines = "".join(f"{h.intent} {h.group} {now}\n" for h in placed if _folder(h) == folder)
        try:
            folders.append(folders.plain(folder) / FILE, lines.encode())
        except WriteFailed:
            continue  # the storage directory is gone; the scheduler may still know


def weigh(seen: Mapping[JobHandle, JobStatus], *states: State | None) -> dict[JobHandle, JobStatus]:
    """Return a cancelled status for every job that is seen in one of these states and that qanat has cancelled."""
    candidates = [h for h, status in seen.items() if status.state in states and h.details.get("folder")]
    wanted: dict[Path, set[tuple[str, str]]] = {}
    for handle in candidates:
        wanted.setdefault(_folder(handle), set()).add((handle.intent, str(handle.group)))
    notes = {folder: _read(folder, jobs) for folder, jobs in wanted.items()}
    found = {h: notes[_folder(h)].get((h.intent, str(h.group))) for h in candidates}
    return {h: _cancelled(seen[h], timestamp) for h, timestamp in found.items() if timestamp}


def _cancelled(status: JobStatus, timestamp: str) -> JobStatus:
    ended = status.ended or timestamp
    return replace(status, state=State.CANCELLED, exit_code=None, signal=None, cause="", reason=REASON, ended=ended)


def _folder(handle: JobHandle) -> Path:
    return Path(str(handle.details.get("folder", "")))


def _read(folder: Path, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return when these jobs, by intent and number, were last cancelled."""
    rows = map(str.split, files.read_end(folder / FILE, _BYTES_MAX).splitlines())
    last = {(row[0], row[1]): row[2] for row in rows if len(row) == 3 and (row[0], row[1]) in wanted}
    return {job: timestamp for job, timestamp in last.items() if times.is_timestamp(timestamp)}
