"""When a scheduler expects to start a job, as the end of the reason why the job waits."""

from __future__ import annotations

from qanat.domain import times

_EXPECTED = "expected to start "


def with_start(reason: str, start: str, now: str) -> str:
    """Return why a job waits, and when it is expected to start; only the reason if that time has passed."""
    if times.parse(start) <= times.parse(now):
        return reason
    (day, clock), (today, _) = times.local(start).split(" "), times.local(now).split(" ")
    when = f"{_EXPECTED}{'at' if day == today else day} {clock[:5]}"
    return f"{reason}, {when}" if reason else when


def without_start(reason: str) -> str:
    """Return why a job waits without when it is expected to start, which may change at every look."""
    return reason.rpartition(_EXPECTED)[0].removesuffix(", ") if _EXPECTED in reason else reason
