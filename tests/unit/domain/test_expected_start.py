"""When a job is expected to start, in words."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from qanat.domain.expected_start import with_start, without_start

NOW = "2026-11-23T05:17:55+00:00"


@pytest.fixture(autouse=True)
def _two_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as surroundings:
        surroundings.setenv("TZ", "EET-2")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("reason", "start", "expected"),
    [
        ("Priority", "2026-11-23T12:20:00+00:00", "Priority, expected to start at 14:20"),
        ("", "2026-11-23T12:20:00+00:00", "expected to start at 14:20"),
        # Midnight here has passed then.
        ("Priority", "2026-11-23T23:00:00+00:00", "Priority, expected to start 2026-11-24 01:00"),
        ("Priority", "2026-11-23T05:17:55+00:00", "Priority"),
    ],
)
def test_a_start_is_told_in_local_time_unless_it_has_passed(reason: str, start: str, expected: str) -> None:
    told = with_start(reason, start, NOW)
    assert told == expected
    assert without_start(told) == reason
