"""Which groups of a run are cancelled although their job continues with others, noted in its storage directory.

The job reads the notes: it leaves out a group that waits, and ends the program of one that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from qanat.domain import times
from qanat.domain.layout import CANCELLED_GROUPS
from qanat.errors import InputInvalid
from qanat.system import files, folders

# A run with the most groups, cancelled several times.
_BYTES_MAX = 64 * 2**20
_GROUP = re.compile(r"[0-9]{1,9}\Z")


def note(folder: Path, intent: str, groups: Iterable[int]) -> None:
    """Note that groups were cancelled, with a line `INTENT GROUP TIMESTAMP` for each. Raises WriteFailed."""
    now = times.now()
    lines = "".join(f"{intent} {group} {now}\n" for group in groups)
    folders.append(folders.plain(folder) / CANCELLED_GROUPS, lines.encode())


def read(folder: Path, intent: str) -> dict[int, str]:
    """Return when groups were first cancelled, by their numbers."""
    try:
        text = files.read(folder / CANCELLED_GROUPS, limit_bytes=_BYTES_MAX).decode("utf-8", "replace")
    except InputInvalid:
        return {}
    found: dict[int, str] = {}
    for line in text.splitlines():
        row = line.split()
        if len(row) == 3 and row[0] == intent and _GROUP.match(row[1]) and times.is_timestamp(row[2]):
            found.setdefault(int(row[1]), row[2])
    return found
