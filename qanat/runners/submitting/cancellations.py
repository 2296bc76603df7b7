"""Which jobs were cancelled from here, noted in the runs' storage directories.

A scheduler cannot remove a job that it has not made yet, may forget in a crash that it was told to, or leaves no trace
of one that it removed. So the jobs look at the notes as well: one that is started all the same does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import times
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import InputInvalid
from qanat.system import files

FILE = "cancelled"
REASON = "cancelled by qanat"
# A run of the most groups, cancelled some times.
_BYTES_MAX = 64 * 2**20


def note(handles: Sequence[JobHandle]) -> None:
    """Note that these jobs were cancelled, a line `INTENT GROUP MOMENT` for each."""
    now = times.now()
    for folder in {_folder(h) for h in handles}:
        lines = "".join(f"{h.intent} {h.group} {now}\n" for h in handles if _folder(h) == folder)
        try:
            files.append(folder / FILE, lines.encode())
        except OSError:
            continue  # the storage directory is gone; the scheduler may still tell


def weigh(seen: Mapping[JobHandle, JobStatus], *states: State | None) -> dict[JobHandle, JobStatus]:
    """Give those jobs that a scheduler says to be in one of these states, and that were cancelled from here."""
    asked = [h for h, status in seen.items() if status.state in states]
    notes = {folder: _read(folder) for folder in set(map(_folder, asked))}
    found = {h: notes[_folder(h)].get((h.intent, str(h.group))) for h in asked}
    return {h: _cancelled(seen[h], moment) for h, moment in found.items() if moment}


def _cancelled(status: JobStatus, moment: str) -> JobStatus:
    ended = status.ended or moment
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
