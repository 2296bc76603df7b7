"""Looking at runs: the door through which every command brings them up to date.

What is to be done by itself once a run has changed, such as starting jobs, belongs here, above the refresh.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qanat.domain.layout import NOTICES, ORDERS, PROBLEMS, REMOVALS, RETRIES
from qanat.domain.run import Run
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.refresh import Refreshed, refresh

if TYPE_CHECKING:
    from qanat.domain.facts import RunFacts
    from qanat.runners.protocol import Runners
    from qanat.usecases.launch.freshness import Freshness


@contextmanager
def refreshed(project: Project, runners: Runners, *, retries_due: bool = True) -> Iterator[tuple[Index, Refreshed]]:
    """Open an up-to-date index, and yield it with the active runs, once those that are due have been retried.

    Without `retries_due`, they stay as they are, for a command that may be about to end them. See refresh().
    """
    with project.index() as index:
        result = refresh(project, index, runners)
        if _has_notes(project, REMOVALS):
            from qanat.usecases.runs import removing_results

            result.notes += removing_results.finish(project)
            index.sync()
        if _has_notes(project, RETRIES):
            from qanat.usecases.launch.retrying import retry_due

            retry_due(project, index, result, runners, submits=retries_due)
        if _has_notes(project, ORDERS):
            from qanat.usecases.launch.releasing import keep_order

            keep_order(project, index, result, runners)
        if _has_notes(project, PROBLEMS):
            from qanat.records import left_problems

            result.notes += left_problems.take(project.location.private)
        # Only now: a run that is retried has not ended.
        if _has_notes(project, NOTICES):
            from qanat.usecases.tracking import notices

            result.notes += notices.tell(project, result.live.values(), pending=result.pending)
        result.is_fresh = _IsFresh(project, index, runners)
        yield index, result


@dataclass(frozen=True)
class _IsFresh:
    """The answer whether a run is fresh; what finds it out is loaded only when a condition asks."""

    project: Project
    index: Index
    runners: Runners

    def __call__(self, run: RunFacts) -> bool:
        """Return whether a run has executed what would be executed now."""
        return self._freshness.is_fresh(run)

    @cached_property
    def _freshness(self) -> Freshness:
        from qanat.usecases.launch.freshness import Freshness

        return Freshness(self.project, self.index, self.runners)


def _has_notes(project: Project, folder: str) -> bool:
    """Return whether a private folder has files; most projects have none, and need not load what reads them."""
    try:
        return bool(os.listdir(project.location.private / folder))  # noqa: PTH208
    except OSError:
        return False


def active_runs(project: Project, runners: Runners) -> list[Run]:
    """List the active runs. Raises VersionTooNew if only a newer qanat can read a run."""
    with refreshed(project, runners) as (index, result):
        for path in index.too_new():
            record.load_record(project, path)
        return list(result.live.values())
