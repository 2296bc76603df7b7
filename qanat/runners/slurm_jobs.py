"""Jobs as Slurm's programs are told of them, and which of them qanat has cancelled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import times
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.runners.slurm_submission import indices

# An element that had not begun leaves no trace in Slurm when it is cancelled, accounting included.
CANCELLED = "slurm.cancelled"
REASON = "cancelled by qanat"
_JOB = re.compile(r"\d+(_\d+)?\Z", re.ASCII)


def by_cluster(handles: Sequence[JobHandle]) -> dict[tuple[str, ...], list[JobHandle]]:
    """Sort jobs by the words that a question about them begins with: most need none, others `-M CLUSTER`.

    What cannot be a job of Slurm's, as a record may say, is left out.
    """
    found: dict[tuple[str, ...], list[JobHandle]] = {}
    for handle in handles:
        if handle.job and _JOB.match(handle.job):
            cluster = str(handle.details.get("clusters", ""))
            found.setdefault(("-M", cluster) if cluster else (), []).append(handle)
    return found


def numbers(handles: Sequence[JobHandle]) -> list[str]:
    """List the numbers of the arrays and plain jobs that these are of, each once."""
    return list(dict.fromkeys(str(h.job).partition("_")[0] for h in handles))


def grouped(handles: Sequence[JobHandle]) -> list[str]:
    """Name jobs for a command, the elements of one array together: 812_[0-3,7]."""
    arrays: dict[str, list[int]] = {}
    names = []
    for handle in handles:
        number, element, index = str(handle.job).partition("_")
        if element:
            arrays.setdefault(number, []).append(int(index))
        else:
            names.append(number)
    return names + [f"{number}_[{indices(elements)}]" for number, elements in arrays.items()]


# ---- which of them were cancelled from here


def note_cancelled(handles: Sequence[JobHandle]) -> None:
    """Note in the runs' storage directories that these jobs were cancelled."""
    for folder in {_folder(h) for h in handles}:
        lines = [f"{_note(h)}\n" for h in handles if h.job and _folder(h) == folder]
        try:
            with (folder / CANCELLED).open("a") as file:
                file.writelines(lines)
        except OSError:
            continue  # the storage directory is gone; Slurm may still tell


def cancelled_by_us(seen: Mapping[JobHandle, JobStatus]) -> dict[JobHandle, JobStatus]:
    """Give those jobs that are cancelled, or have left no trace, and are noted as cancelled from here."""
    asked = [h for h, status in seen.items() if status.state in (None, State.CANCELLED)]
    notes = {folder: _read(folder / CANCELLED) for folder in set(map(_folder, asked))}
    return {h: _cancelled(seen[h]) for h in asked if _note(h) in notes[_folder(h)]}


def _cancelled(status: JobStatus) -> JobStatus:
    ended = status.ended or times.now()
    return replace(status, state=State.CANCELLED, exit_code=None, signal=None, reason=REASON, ended=ended)


def _folder(handle: JobHandle) -> Path:
    return Path(str(handle.details.get("folder", "")))


def _note(handle: JobHandle) -> str:
    return f"{handle.intent} {handle.job}"


def _read(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().splitlines())
    except OSError:
        return frozenset()
