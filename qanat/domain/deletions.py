"""How a commit message says that records of runs were deleted on purpose: one line for each run."""

from __future__ import annotations

import re
from collections.abc import Iterable

KEY = "Deleted-run: "
_LINE = re.compile(r"^Deleted-run: *([0-9]+-[0-9a-f]{6}) *$", re.MULTILINE | re.ASCII)


def lines(run_ids: Iterable[str]) -> str:
    """Return the lines that name these runs."""
    return "".join(f"\nDeleted-run: {run_id}" for run_id in run_ids)


def run_ids_in(messages: str) -> frozenset[str]:
    """Return the ids of the runs that commit messages name as deleted."""
    return frozenset(_LINE.findall(messages))
