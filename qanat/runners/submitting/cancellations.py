"""Which jobs qanat has cancelled, noted in the runs' storage directories.

A scheduler cannot remove a job that it has not created yet, may forget in a crash that it was told to, or leaves no
trace of a job that it removed. So the jobs read these notes too: a cancelled job that still starts exits at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import times
from qanat.domain.completion import CANCELLED_REASON
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import InputInvalid, WriteFailed
from qanat.system import files, folders

FILE = "cancelled"
REASON = CANCELLED_REASON
# A run with the most groups, cancelled several times.
_BYTES_MAX = 64 * 2**20


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
    notes = {folder: _read(folder) for folder in set(map(_folder, candidates))}
    found = {h: notes[_folder(h)].get((h.intent, str(h.group))) for h in candidates}
    return {h: _cancelled(seen[h], timestamp) for h, timestamp in found.items() if timestamp}


def _cancelled(status: JobStatus, timestamp: str) -> JobStatus:
    ended = status.ended or timestamp
    return replace(status, state=State.CANCELLED, exit_code=None, signal=None, cause="", reason=REASON, ended=ended)


def _folder(handle: JobHandle) -> Path:
    return Path(str(handle.details.get("folder", "")))


def _read(folder: Path) -> dict[tuple[str, str], str]:
    try:
        text = files.read(folder / FILE, limit_bytes=_BYTES_MAX).decode("utf-8", "replace")
    except InputInvalid:
        return {}
    rows = map(str.split, text.splitlines())
    return {(row[0], row[1]): row[2] for row in rows if len(row) == 3 and times.is_timestamp(row[2])}
