"""Timestamps as records have them: ISO 8601 in UTC, such as 2026-11-23T05:17:55+00:00."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

# Times are compared as texts, so all have to be in UTC. YAML 1.1 writes a space in them, which `validate` reports.
_RECORDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+00:00\Z")
_CLOCKS_S = 1.0  # some times are known to the second only
_FIRST_S = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LAST_S = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def now() -> str:
    """Return the current time as a timestamp, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def now_exact() -> str:
    """Return the current time to the millisecond; durations of short runs are computed from it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def from_epoch(seconds: float) -> str:
    """Return the timestamp of this many seconds after 1970-01-01 UTC, to the millisecond.

    A time before the year 1 or after 9999, as a commit may claim, is that year's first or last day.
    """
    known = min(max(seconds, _FIRST_S), _LAST_S)
    return datetime.fromtimestamp(known, UTC).isoformat(timespec="milliseconds")


def parse(timestamp: str) -> datetime:
    """Parse a timestamp of a record. Raises ValueError if it is not one."""
    return datetime.fromisoformat(timestamp)


def is_timestamp(value: object) -> bool:
    """Return whether a value is a timestamp with a time zone."""
    try:
        return isinstance(value, str) and parse(value).tzinfo is not None
    except ValueError:
        return False


def is_recordable(value: object) -> bool:
    """Return whether a value is a timestamp as records have it: in UTC, and to the microsecond at most."""
    return isinstance(value, str) and _RECORDED.match(value) is not None and is_timestamp(value)


def local(timestamp: str | None) -> str:
    """Return a timestamp in local time for display; empty for None."""
    if not timestamp:
        return ""
    known = parse(timestamp)
    # The first and last day that Python knows may not exist in this time zone; they stay in their own.
    with contextlib.suppress(OverflowError):
        known = known.astimezone()
    return known.strftime("%Y-%m-%d %H:%M:%S")


def utc(timestamp: str | None) -> str:
    """Return a timestamp for a text that is the same on every machine: 2026-11-23 05:17:55 UTC; empty for None."""
    return f"{parse(timestamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if timestamp else ""


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from start to end (None: now); None if start is None."""
    if not start:
        return None
    until = parse(end) if end else datetime.now(UTC)
    return max(0.0, (until - parse(start)).total_seconds())


def moved(timestamp: str, seconds: float) -> str:
    """Return the timestamp this many seconds later, to the millisecond."""
    return from_epoch(parse(timestamp).timestamp() + seconds)


def between_s(start: str, end: str) -> float:
    """Return the seconds from start to end, which are negative if it is earlier."""
    return (parse(end) - parse(start)).total_seconds()


def took(started: str | None, ended: str | None, paused_s: float = 0.0) -> str:
    """Return how long something took, for display, without the time in which it paused.

    It is empty if that is unknown, as by a clock that was set back meanwhile.
    """
    if not started or not ended:
        return ""
    seconds = between_s(started, ended) - paused_s
    return duration(max(0.0, seconds)) if seconds > -_CLOCKS_S else ""


def duration(seconds: float | None) -> str:
    """Return a duration for display: 0.8s, 42s, 3:07, 2:03:07, 1d 02:03:07; empty for None."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 59.5:
        return f"{seconds:.0f}s"
    minutes, secs = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}:{minutes:02}:{secs:02}"
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"
