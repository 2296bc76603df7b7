"""What may still change in a record: how the run ends, until it has ended, and then almost nothing.

An ended run may get tags and further attempts: a retried group has a higher attempt number and with it
a new end. A lost group may get an end that was found later. Comments are files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qanat.domain.key_path import KeyPath
from qanat.domain.run import State

Record = Mapping[str, Any]
# Keys that may change, each with the inner keys that may; an empty set means all of them.
Open = Mapping[str, frozenset[str]]

_ALL: frozenset[str] = frozenset()
_ALWAYS: Open = {"tags": _ALL}
_UNTIL_THE_END: Open = {
    "submission": _ALL,
    "state": _ALL,
    "started": _ALL,
    "ended": _ALL,
    "code": frozenset({"changed_while_running"}),
}
_WITH_AN_ATTEMPT: Open = {**_UNTIL_THE_END, "runner": frozenset({"template", "options"})}
_MOVED: Open = {"experiment": _ALL}
_LAUNCHED = ("group", "args")
_MISSING = object()


def has_ended(record: Record) -> bool:
    """Return whether a record's run has ended; a record with a senseless state counts as ended."""
    return record.get("state") not in [state.value for state in State if not state.ended]


def violations(before: Sequence[Record], after: Record, *, moved: bool = False) -> list[KeyPath]:
    """List the places in which a record differs from before but must not.

    There is one earlier record or, in a merge, one for each side; whatever equals one side is unchanged. `moved`
    says that the file now belongs to another experiment, because the experiment was renamed.
    """
    sides = [record for record in before if has_ended(record)] or before
    ended = has_ended(sides[0])
    wrong, again = _ended_groups(sides, after) if ended else (_unended_groups(sides, after), False)
    may_change = {**_ALWAYS, **(_MOVED if moved else {})}
    may_change |= _WITH_AN_ATTEMPT if again else {} if ended else _UNTIL_THE_END
    keys = [key for key in _keys(*sides, after) if key != "groups"]
    found = [place for key in keys for place in _changed(key, sides, after, may_change.get(key))]
    return [*found, *(_inconsistent_times(after) if again else ()), *wrong]


def _changed(key: str, sides: Sequence[Record], after: Record, may_change: frozenset[str] | None) -> list[KeyPath]:
    """List the parts of a key's value that differ from all sides but must not."""
    if may_change == _ALL or any(_same(side, after, key) for side in sides):
        return []
    if not all(isinstance(record.get(key), dict) for record in (*sides, after)):
        return [(key,)]
    inner, new = [side[key] for side in sides], after[key]
    names = [name for name in _keys(*inner, new) if name not in (may_change or ())]
    return [(key, name) for name in names if not any(_same(side, new, name) for side in inner)]


def _ended_groups(sides: Sequence[Record], after: Record) -> tuple[list[KeyPath], bool]:
    """List what is wrong with the groups of an ended run; also return whether one of them was retried."""
    rows, earlier = _rows(after), [_rows(side) for side in sides]
    earlier = [side for side in earlier if len(side) == len(rows)]
    if not earlier:
        return [("groups",)], False
    wrong: list[KeyPath] = []
    again = False
    for place, row in enumerate(rows):
        olds = [side[place] for side in earlier]
        changed = [[key for key in _keys(old, row) if not _same(old, row, key)] for old in olds]
        if all(changed) and not any(_may_follow(old, row) for old in olds):
            wrong += [("groups", place, key) for key in min(changed, key=len)]
        else:
            again |= bool(changed[0])
    return wrong, again


def _may_follow(old: Record, new: Record) -> bool:
    """Return whether a group's row may follow another: a later attempt, or the end of a lost group."""
    if not all(_same(old, new, key) for key in _LAUNCHED):
        return False
    return _attempt(new) > _attempt(old) or (old.get("state") == State.LOST and _attempt(new) == _attempt(old))


def _unended_groups(sides: Sequence[Record], after: Record) -> list[KeyPath]:
    """List the groups of a run that has not ended which are not those that were launched."""
    old, rows = _rows(sides[0]), _rows(after)
    if len(old) != len(rows):
        return [("groups",)]
    return [("groups", i, key) for i, row in enumerate(rows) for key in _LAUNCHED if not _same(old[i], row, key)]


def _inconsistent_times(after: Record) -> list[KeyPath]:
    """List a run's timestamps that do not match its groups; its state is checked with every record."""
    times = {key: [row[key] for row in _rows(after) if isinstance(row.get(key), str)] for key in ("started", "ended")}
    ended = max(times["ended"], default=None) if has_ended(after) else None
    expected = {"started": min(times["started"], default=None), "ended": ended}
    return [(key,) for key, time in expected.items() if after.get(key) != time]


def _same(one: Record, other: Record, key: str) -> bool:
    old, new = one.get(key, _MISSING), other.get(key, _MISSING)
    # NaN is not equal to itself.
    return bool(old == new) or repr(old) == repr(new)


def _keys(*records: Record) -> list[str]:
    return list(dict.fromkeys(key for record in records for key in record))


def _attempt(row: Record) -> int:
    attempt = row.get("attempt", 1)
    return attempt if isinstance(attempt, int) else 1


def _rows(record: Record) -> list[Record]:
    rows = record.get("groups")
    return [_mapping(row) for row in rows] if isinstance(rows, list) else []


def _mapping(value: Any) -> Record:
    return value if isinstance(value, dict) else {}
