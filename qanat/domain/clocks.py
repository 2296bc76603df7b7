"""Times that a machine with a clock of its own has reported, as they are by the clock of this one."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain import times
from qanat.domain.job import JobStatus

# What two clocks may differ by without anybody minding.
SKEW_S = 1.0


def adjusted(status: JobStatus, earliest: str, now: str) -> JobStatus:
    """Return how a job is doing with times from `earliest` to now, if its clock is ahead or behind.

    Both times are moved, so that the job takes as long as by its own clock. If that was changed while the job ran, so
    that it would have ended before it started, nobody knows how long it took, and it has no start.
    """
    started, ended = status.started, status.ended
    shift_s = _shift_s(started, ended, earliest, now)
    if shift_s:
        started, ended = (moved and times.moved(moved, shift_s) for moved in (started, ended))
    if started and ended and times.between_s(started, ended) < 0:
        started = started if times.between_s(started, ended) >= -SKEW_S else None
        ended = max(ended, started or ended, key=times.parse)
    return replace(status, started=started, ended=ended)


def _shift_s(started: str | None, ended: str | None, earliest: str, now: str) -> float:
    """Return by how many seconds times have to be moved."""
    last = ended or started
    ahead_s = times.between_s(now, last) if last else 0.0
    if ahead_s > SKEW_S:
        return -ahead_s
    behind_s = times.between_s(started, earliest) if started else 0.0
    return min(behind_s, -ahead_s) if behind_s > SKEW_S and ahead_s < 0 else 0.0
