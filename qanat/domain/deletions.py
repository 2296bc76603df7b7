"""How a commit says that the records of runs were deleted on purpose: a line of its message for each run."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE = re.compile(r"^Deleted-run: *([0-9]+-[0-9a-f]{6}) *$", re.MULTILINE | re.ASCII)


def lines(run_ids: Iterable[str]) -> str:
    """Give the lines that name these runs."""
    return "".join(f"\nDeleted-run: {run_id}" for run_id in run_ids)


def named_in(messages: str) -> frozenset[str]:
    """Give the ids of the runs that messages of commits name as deleted."""
    return frozenset(_LINE.findall(messages))
