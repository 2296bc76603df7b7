"""Runs whose end is known from a scheduler only, noted until their completion files had time to appear.

Each has a file in the repository's private folder. Without it, every record of a cancelled run would have to be
compared with the files of its groups forever.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import times
from qanat.errors import InputInvalid, WriteFailed
from qanat.system import files
from qanat.system.files import Permissions

FOLDER = "hearsay"
# Completion files are looked for at each occasion in the first hour, then once an hour, and no longer than a week.
EACH_TIME_S = 3600.0
FORGOTTEN_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Noted:
    """A run that ended by hearsay: the root of its working tree, its record, and when it was noted and last checked."""

    file: Path
    root: str
    record: str
    noted: str
    checked: str


def note(private: Path, run_id: str, root: str, record: str, now: str, sharing: Permissions | None = None) -> None:
    """Note a run that ended by hearsay. Raises WriteFailed."""
    _write(Noted(private / FOLDER / f"{run_id}.json", root, record, now, now), sharing)


def due(private: Path, root: str, now: str, sharing: Permissions | None = None) -> list[Noted]:
    """List the runs of a working tree whose completion files are to be looked for now; forget those too old."""
    try:
        found = [noted for path in sorted((private / FOLDER).iterdir()) if (noted := _read(path))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    chosen = []
    for noted in (each for each in found if each.root == root):
        age_s = times.seconds_between(noted.noted, now) or 0.0
        if age_s > FORGOTTEN_S:
            forget(noted)
        elif age_s <= EACH_TIME_S or (times.seconds_between(noted.checked, now) or 0.0) > EACH_TIME_S:
            chosen.append(noted)
            if age_s > EACH_TIME_S:
                with contextlib.suppress(WriteFailed):  # without it, the next command looks again
                    _write(Noted(noted.file, noted.root, noted.record, noted.noted, now), sharing)
    return chosen


def forget(noted: Noted) -> None:
    """Forget a run; if that is impossible, as on a read-only disk, a later command does."""
    with contextlib.suppress(OSError):
        noted.file.unlink()


def _write(noted: Noted, sharing: Permissions | None) -> None:
    content = {slot: getattr(noted, slot) for slot in ("root", "record", "noted", "checked")}
    files.write(noted.file, json.dumps(content).encode() + b"\n", sharing=sharing)


def _read(path: Path) -> Noted | None:
    try:
        content = json.loads(files.read(path, limit_bytes=65_536))
        noted = Noted(path, **content)
    except (InputInvalid, ValueError, TypeError):
        return None
    return noted if times.is_timestamp(noted.noted) and times.is_timestamp(noted.checked) else None
