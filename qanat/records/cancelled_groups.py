"""Which groups of a run are cancelled although their job continues with others, noted in its storage directory.

The job reads the notes: it leaves out a group that waits, and ends the program of one that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from qanat.domain import times
from qanat.domain.layout import CANCELLED_GROUPS
from qanat.system import files, folders

# Of a line, and of what is read beside two lines for each group of a run: the newest lines are those that count.
_LINE_BYTES, _LEAST_BYTES = 80, 2**16
_GROUP = re.compile(r"[0-9]{1,9}\Z")


def note(folder: Path, intent: str, groups: Iterable[int]) -> None:
    """Note that groups were cancelled, with a line `INTENT GROUP TIMESTAMP` for each. Raises WriteFailed."""
    now = times.now()
    lines = "".join(f"{intent} {group} {now}\n" for group in groups)
    folders.append(folders.plain(folder) / CANCELLED_GROUPS, lines.encode())


def read(folder: Path, intent: str, count: int) -> dict[int, str]:
    """Return when groups of a run with this many were first cancelled, by their numbers."""
    text = files.read_end(folder / CANCELLED_GROUPS, _LEAST_BYTES + 2 * _LINE_BYTES * count)
    found: dict[int, str] = {}
    for line in text.splitlines():
        row = line.split() if line.startswith(intent) else []
        if len(row) != 3 or row[0] != intent or not _GROUP.match(row[1]):
            continue
        group = int(row[1])
        if group < count and group not in found and times.is_timestamp(row[2]):
            found[group] = row[2]
    return found
