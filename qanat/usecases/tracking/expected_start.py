"""When the groups of a run are expected to start, told as part of the reason why they wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qanat.domain import times
from qanat.domain.expected_start import with_start
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State


def in_reasons(statuses: Mapping[JobHandle, JobStatus], now: str) -> dict[JobHandle, JobStatus]:
    """Return statuses in which queued jobs with an expected start have it in their reasons.

    Jobs of a run that wait for the same reason have the earliest of their expected starts, so that they are listed
    together.
    """
    earliest: dict[tuple[str, str], str] = {}
    for handle, status in statuses.items():
        if status.state is State.QUEUED and status.expected:
            key = handle.intent, status.reason
            earliest[key] = min(earliest.get(key, status.expected), status.expected, key=times.parse)
    return {
        handle: _with_start(status, earliest.get((handle.intent, status.reason)), now)
        for handle, status in statuses.items()
    }


def _with_start(status: JobStatus, start: str | None, now: str) -> JobStatus:
    if start is None or status.state is not State.QUEUED:
        return status
    return replace(status, reason=with_start(status.reason, start, now))
