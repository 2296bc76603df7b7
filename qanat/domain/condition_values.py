"""Comparing values as conditions do: numbers as numbers, durations and dates by their size, texts by patterns."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from qanat.domain import times

Test: TypeAlias = Callable[[Any], bool]

NUMBER_CHARACTERS_MAX = 400
PATTERN_CHARACTERS_MAX = 200
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "ms": 0.001}
_UNIT = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(d|h|min|ms|m|s)(?![a-z])")
_CLOCK = re.compile(r"(?:([0-9]{1,9})d )?([0-9]{1,9}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,9})?))?")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(.*))?)?)?")
_AGO = " ago"
DATE_HINT = "write it as 2026-11-23, 2026-11-23T05:17, 2026-11, today, yesterday or 2h ago"
DURATION_HINT = "write it as 90s, 1h30m or 1:30:00"


def number(text: str) -> float | None:
    """Return the number that a text is, exactly if it is a whole one; None if it is not one."""
    if len(text) > NUMBER_CHARACTERS_MAX or "_" in text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def duration(text: str) -> float | None:
    """Return the seconds of `90`, `90s`, `1h30m`, `3:07`, `2:03:07` or `1d 02:03:07`; None for other texts."""
    stripped = text.strip()
    if clock := _CLOCK.fullmatch(stripped):
        days, first, second, third = clock.groups()
        parts = (int(first), int(second), float(third)) if third else (0, int(first), int(second))
        return float(days or 0) * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2]
    total, place = 0.0, 0
    while unit := _UNIT.match(stripped, place):
        total += float(unit[1]) * _UNITS[unit[2]]
        place = unit.end()
    if place and place == len(stripped):
        return total
    return number(stripped) if stripped else None


def date(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the first time of a date, and the first after it; None for other texts.

    A date may be a year, a month, a day, a minute or a second, `today`, `yesterday`, or a duration before now, such as
    `2h ago`. Without a time zone, it is in that of the machine.
    """
    try:
        return _date(text.strip(), now)
    except (ValueError, OverflowError):
        return None


def _date(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    if text in ("today", "yesterday"):
        day = now.astimezone().date() - timedelta(days=text == "yesterday")
        return _date(day.isoformat(), now)
    if text.endswith(_AGO):
        ago = duration(text.removesuffix(_AGO))
        return None if ago is None else (now - timedelta(seconds=ago),) * 2
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day_text, minute, second, zone = found.groups()
    start = datetime.fromisoformat(
        f"{year}-{month or '01'}-{day_text or '01'}T{minute or '00:00'}{second or ''}{zone or ''}"
    )
    if second or minute:
        return start.astimezone(), start.astimezone() + timedelta(seconds=1 if second else 60)
    if day_text:
        return start.astimezone(), (start + timedelta(days=1)).astimezone()
    over = start.month == 12 or not month
    end = start.replace(year=start.year + over, month=1 if over else start.month + 1)
    return start.astimezone(), end.astimezone()


def same_number(a: float, b: float) -> bool:
    """Return whether two numbers are the same; NaN is the same as NaN."""
    return a == b or (a != a and b != b)  # noqa: PLR0124


def number_test(operator: str, wanted: float) -> Test:
    """Return a test of numbers. NaN is neither less nor greater than any."""
    if operator in ("=", "!="):
        return lambda found: same_number(found, wanted) is (operator == "=")
    return lambda found: _ORDER[operator](found, wanted)


def date_test(operator: str, start: datetime, end: datetime) -> Test:
    """Return a test of timestamps: `<` means before the date begins, and `>` after it has ended."""
    if operator in ("=", "!="):
        return lambda found: (start <= times.parse(found) < end) is (operator == "=")
    limit = start if operator in ("<", ">=") else end
    after = operator in (">", ">=")
    return lambda found: (times.parse(found) >= limit) is after


def duration_test(operator: str, wanted: float) -> Test:
    """Return a test of durations in seconds; those that are shown alike are the same."""
    if operator in ("=", "!="):
        return lambda found: (times.duration(found) == times.duration(wanted)) is (operator == "=")
    return lambda found: _ORDER[operator](found, wanted)


def text_test(operator: str, wanted: str) -> Test:
    """Return a test of texts: the same text, or a pattern."""
    if operator in ("~", "!~"):
        meets = pattern_test(wanted)
        return lambda found: meets(found) is (operator == "~")
    return lambda found: (found == wanted) is (operator == "=")


def pattern_test(pattern: str) -> Test:
    """Return a test by a pattern as for file names, or, without `*`, `?` and `[`, by a part of the text.

    A pattern of more than PATTERN_CHARACTERS_MAX is such a part too, since compiling it could take very long. Upper and
    lower case are the same.
    """
    if not any(special in pattern for special in "*?[") or len(pattern) > PATTERN_CHARACTERS_MAX:
        part = pattern.casefold()
        return lambda found: part in found.casefold()
    expression = re.compile(fnmatch.translate(pattern), re.IGNORECASE)
    return lambda found: expression.match(found) is not None


def value_test(operator: str, wanted: str, now: datetime) -> Test | None:
    """Return a test of parameters, which are texts: as numbers if wanted is one, or else as durations, dates or texts.

    None if `<` and the like cannot compare with wanted.
    """
    limit = number(wanted)
    if operator in ("~", "!~") or (limit is None and operator in ("=", "!=")):
        return text_test(operator, wanted)
    if limit is not None:
        return _of_numbers(operator, wanted, limit)
    if (seconds := duration(wanted)) is not None:
        test = duration_test(operator, seconds)
        return lambda found: (known := duration(found)) is not None and test(known)
    if (span := date(wanted, now)) is not None:
        test = date_test(operator, *span)
        return lambda found: (known := date(found, now)) is not None and test(known[0].isoformat())
    return None


def _of_numbers(operator: str, wanted: str, limit: float) -> Test:
    test = number_test(operator, limit)

    def meets(found: str) -> bool:
        known = number(found)
        if known is None:
            return operator == "!=" and found != wanted
        return test(known)

    return meets
