"""What a record says about earlier attempts of a group may be added to, and nothing in it may change or disappear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qanat.domain.attempts import EARLIER_MAX

Record = Mapping[str, Any]
_LIKE_THE_GROUP = ("state", "exit_code", "signal", "reason", "started", "ended", "host")


def is_wrong(olds: Sequence[Record], fixed: Sequence[Record], new: Record) -> bool:
    """Return whether the earlier attempts in a group's row may not follow those in its earlier rows.

    `fixed` are those of the rows whose end is certain: of such an attempt, a later row says the same.
    """
    known, now = [_ends(old) for old in olds], _ends(new)
    return any(_is_lost(number, ends, known, now) for ends in known for number in ends) or any(
        _is_made_up(number, end, olds, fixed) for number, end in now.items() if not any(number in e for e in known)
    )


def _is_lost(number: int, ends: Mapping[int, Record], known: Sequence[Mapping[int, Record]], now: Any) -> bool:
    """Return whether an end that was known is missing or has changed; a full list has the latest."""
    if number not in now:
        return len(now) < EARLIER_MAX or number > min(now)
    return repr(now[number]) not in [repr(each[number]) for each in known if number in each]


def _is_made_up(number: int, end: Record, olds: Sequence[Record], fixed: Sequence[Record]) -> bool:
    """Return whether a new end is of an attempt before those that were known, or not the end that the group had."""
    if all(number < attempt_of(old) for old in olds):
        return True
    had = [old for old in fixed if attempt_of(old) == number]
    return bool(had) and not any(all(_value(old, key) == _value(end, key) for key in _LIKE_THE_GROUP) for old in had)


def _value(row: Record, key: str) -> str:
    return repr(row.get(key) or None if key == "reason" else row.get(key))


def _ends(row: Record) -> dict[int, Record]:
    rows = row.get("earlier")
    return {attempt_of(each): each for each in rows if isinstance(each, dict)} if isinstance(rows, list) else {}


def attempt_of(row: Record) -> int:
    """Return the number of the attempt that a row describes."""
    attempt = row.get("attempt", 1)
    return attempt if isinstance(attempt, int) else 1
