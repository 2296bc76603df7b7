"""Runs of this machine that wait for others: their jobs start once those have ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from qanat.domain.job import JobEnded, JobEvent, JobSpec, JobStatus
from qanat.domain.run import Run, State
from qanat.records.flight import Journal
from qanat.usecases.launch.order import NeverStarts
from qanat.usecases.launch.view import WatchView

if TYPE_CHECKING:
    from qanat.runners.protocol import InProcessRunner

# Yields what a run waits for, again and again, until it may start. Raises NeverStarts.
Before = Callable[[Run], Iterator[str]]
_DROPPED = "cancelled before it started"


def watch(
    before: Before, run: Run, jobs: Sequence[JobSpec], runner: InProcessRunner, journal: Journal, view: WatchView
) -> Iterator[JobEvent]:
    """Yield the events of jobs, which start once other runs have ended, unless somebody ends the wait."""
    dropped: set[int] = set()
    try:
        for reason in before(run):
            view.waits(reason)
            dropped |= journal.groups_to_cancel()
            if journal.is_cancelled:
                runner.interrupt(signal.SIGTERM)
            if runner.interrupted:
                break
    except NeverStarts as why:
        for job in jobs:
            yield JobEnded(job.group, JobStatus(State.CANCELLED, reason=str(why)))
        return
    for job in (job for job in jobs if job.group in dropped):
        yield JobEnded(job.group, JobStatus(State.CANCELLED, reason=_DROPPED))
    yield from runner.watch(run.submission.intent, [job for job in jobs if job.group not in dropped])
