"""Which of the jobs that a record names are the run's: numbers are reused, and a record may name anybody's job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qanat.domain.job import JobHandle
from qanat.runners.slurm import jobs, queue
from qanat.runners.slurm.commands import call
from qanat.runners.slurm.queue import Row
from qanat.runners.slurm.submission import MARKED


def split(handles: Sequence[JobHandle], at: Sequence[str]) -> tuple[list[JobHandle], list[JobHandle]]:
    """Return the jobs in the queue that carry the run's intent, and those that do not; others have left the queue.

    `at` are the arguments that name the cluster. Raises RunnerUnavailable.
    """
    rows = {row["id"]: row for row in queue.squeue([*at, "-j", ",".join(jobs.array_numbers(handles))])}
    listed = [h for h in handles if queue.row_of(rows, str(h.job)) is not None]
    marks = _Marks(at)
    own = [h for h in listed if marks.names(queue.row_of(rows, str(h.job)) or {}, h)]
    return own, [h for h in listed if h not in own]


class _Marks:
    """The marks of jobs on one cluster."""

    def __init__(self, at: Sequence[str]) -> None:
        self._at = at
        self._in_scripts: dict[str, re.Match[str] | None] = {}

    def names(self, row: Row, handle: JobHandle) -> bool:
        """Return whether a job's mark names this intent and group."""
        number, _, index = str(handle.job).partition("_")
        mark = queue.mark_of(row) or self._in_script(number)
        return mark is not None and mark[1] == handle.intent and int(mark[2]) + int(index or 0) == handle.group

    def _in_script(self, number: str) -> re.Match[str] | None:
        """Return the mark in the script that Slurm keeps of a job, for one whose comment was replaced."""
        if number not in self._in_scripts:
            done = call(["scontrol", *self._at, "write", "batch_script", number, "-"])
            self._in_scripts[number] = MARKED.search(done.out.decode("utf-8", "replace"))
        return self._in_scripts[number]
