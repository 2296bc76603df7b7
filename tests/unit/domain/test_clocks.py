"""Times of a machine whose clock is ahead or behind."""

from __future__ import annotations

import pytest

from qanat.domain import clocks, times
from qanat.domain.job import JobStatus
from qanat.domain.run import State

LAUNCHED = "2026-11-23T12:00:00.000+00:00"
NOW = "2026-11-23T13:00:00.000+00:00"


def at(seconds: float | None) -> str | None:
    """Return the time so many seconds after the launch."""
    return None if seconds is None else times.moved(LAUNCHED, seconds)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ((60, 120), (60, 120)),
        ((3_600.5, 3_600.9), (3_600.5, 3_600.9)),  # within what two clocks may differ by
        ((4_000, 4_060), (3_540, 3_600)),
        ((4_000, None), (3_600, None)),
        ((-300, -240), (0, 60)),
        ((-300, None), (0, None)),
        ((-300, 3_500), (-200, 3_600)),  # nothing may end in the future
        ((120, 60), (None, 60)),
        ((120, 119.5), (120, 120)),
        ((None, 9_000), (None, 3_600)),
        ((None, None), (None, None)),
    ],
)
def test_times_are_moved_together_until_they_fit(
    reported: tuple[float | None, float | None], expected: tuple[float | None, float | None]
) -> None:
    status = JobStatus(State.FINISHED, started=at(reported[0]), ended=at(reported[1]))
    found = clocks.adjusted(status, LAUNCHED, NOW)
    assert (found.started, found.ended) == (at(expected[0]), at(expected[1]))
