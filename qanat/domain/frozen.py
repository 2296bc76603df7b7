"""What may still change in a record: how the run ends, until it has ended, and then almost nothing.

An ended run may get tags, lose its results, and have further attempts: a retried group has a higher attempt number,
starts later, has a job of its own, keeps how its earlier attempts ended, and the run has a new intent. A lost group may
get an end that was found later. Groups that have ended in an active run are as fixed as those of an ended run. Comments
are files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain import frozen_attempts, times
from qanat.domain.frozen_attempts import attempt_of
from qanat.domain.key_path import KeyPath
from qanat.domain.run import SCHEDULER, State

Record = Mapping[str, Any]
# Keys that may change, each with the inner keys that may; an empty set means all of them.
Open = Mapping[str, frozenset[str]]

_ALL: frozenset[str] = frozenset()
_ALWAYS: Open = {"tags": _ALL}
_AFTER_THE_END: Open = {"results": _ALL}
_UNTIL_THE_END: Open = {
    "submission": _ALL,
    "state": _ALL,
    "started": _ALL,
    "ended": _ALL,
    "code": frozenset({"changed_while_running"}),
}
_WITH_AN_ATTEMPT: Open = {
    **_UNTIL_THE_END,
    "runner": frozenset({"template", "options", "retry", "sources", "transfer"}),
}
_WITH_AN_END: Open = {"state": _ALL, "started": _ALL, "ended": _ALL}
_MOVED: Open = {"experiment": _ALL}
_LAUNCHED = ("group", "args")
# It has a rule of its own.
_EARLIER = "earlier"
_LEFT = ("used", "metrics", "curves", "curve_files", "outputs", "exit_code")
_MISSING = object()
# What is wrong with a place that has not changed, but should have.
STILL = "is still that of the earlier attempt"
# Schedulers report whole seconds, and the clocks of two machines differ.
CLOCKS_S = 60.0


def has_ended(record: Record) -> bool:
    """Return whether a record's run has ended; a record with an invalid state counts as ended."""
    return _ended(record)


def violations(before: Sequence[Record], after: Record, *, moved: bool = False) -> list[KeyPath]:
    """List the places in which a record differs from before but must not.

    There is one earlier record or, in a merge, one for each side; whatever equals one side is unchanged. `moved`
    says that the file now belongs to another experiment, because the experiment was renamed.
    """
    sides = [record for record in before if has_ended(record)] or before
    ended = has_ended(sides[0])
    groups = _groups(sides, after)
    may_change = {**_ALWAYS, **(_MOVED if moved else {})}
    if not ended:
        may_change |= _UNTIL_THE_END
    else:
        may_change |= _AFTER_THE_END
    if ended and groups.changed:
        may_change |= _WITH_AN_ATTEMPT if groups.may_be_new or len(sides) > 1 else _WITH_AN_END
    keys = [key for key in _keys(*sides, after) if key != "groups"]
    found = [place for key in keys for place in _changed(key, sides, after, may_change.get(key))]
    if ended and "results" not in after and all("results" in side for side in sides) and not groups.may_be_new:
        found.append(("results",))
    found += _inconsistent_times(after) if ended and groups.changed and not groups.wrong else []
    return list(dict.fromkeys((*found, *_wrong_intent(sides, after, groups), *groups.wrong)))


def _changed(key: str, sides: Sequence[Record], after: Record, may_change: frozenset[str] | None) -> list[KeyPath]:
    """List the parts of a key's value that differ from all sides but must not."""
    if may_change == _ALL or any(_same(side, after, key) for side in sides):
        return []
    if not all(isinstance(record.get(key), dict) for record in (*sides, after)):
        return [(key,)]
    inner, new = [side[key] for side in sides], after[key]
    names = [name for name in _keys(*inner, new) if name not in (may_change or ())]
    return [(key, name) for name in names if not any(_same(side, new, name) for side in inner)]


@dataclass(slots=True)
class _Groups:
    """What is wrong with the groups of a run, and what happened to them.

    `changed` says that a group that had ended differs from the first side, `may_be_new` that some group has a later
    attempt than on any side, so that the intent may be new, and `must_be_new` that no scheduler can have restarted it.
    """

    wrong: list[KeyPath]
    changed: bool = False
    may_be_new: bool = False
    must_be_new: bool = False


def _groups(sides: Sequence[Record], after: Record) -> _Groups:
    rows, earlier = _rows(after), [_rows(side) for side in sides]
    earlier = [side for side in earlier if len(side) == len(rows)]
    if not earlier:
        return _Groups([("groups",)])
    found = _Groups([])
    for place, row in enumerate(rows):
        olds = [side[place] for side in earlier]
        found.wrong += [("groups", place, key) for key in _wrong_in_group(olds, row)]
        certain = [old for old in olds if _ended(old) and not _may_be_corrected(old)]
        found.wrong += [("groups", place, _EARLIER)] if frozen_attempts.is_wrong(olds, certain, row) else []
        found.changed |= _ended(olds[0]) and repr(olds[0]) != repr(row)
        if all(attempt_of(row) > attempt_of(old) for old in olds):
            found.may_be_new = True
            found.must_be_new |= all(_ended(old) and not _may_be_corrected(old) for old in olds)
    return found


def _wrong_in_group(olds: Sequence[Record], new: Record) -> list[str]:
    """List the keys of a group's row that may not follow its earlier rows, of which the one with most evidence counts.

    A merge completes that row with what another side knows about the same attempt.
    """
    if any(repr(old) == repr(new) for old in olds):
        return []
    latest = [old for old in olds if attempt_of(old) == max(map(attempt_of, olds))]
    known = [old for old in latest if _ended(old) and not _may_be_corrected(old)] or latest
    wrong, judged = min(((_wrong_keys(old, new), old) for old in known), key=lambda pair: len(pair[0]))
    return [key for key in wrong if not any(_same(old, new, key) for old in latest if old is not judged)]


def _wrong_keys(old: Record, new: Record) -> list[str]:
    """List the keys of a group's row that may not follow an earlier row."""
    changed = [key for key in _keys(old, new) if key != _EARLIER and not _same(old, new, key)]
    fixed = _LAUNCHED if attempt_of(new) > attempt_of(old) else (*_LAUNCHED, "key")
    if launched := [key for key in fixed if key in changed]:
        return changed if _ended(old) else launched
    if not changed or not _ended(old):
        return ["attempt"] if attempt_of(new) < attempt_of(old) else []
    ways = [_wrong_in_attempt(old, new)] if attempt_of(new) > attempt_of(old) else []
    if _may_be_corrected(old) and attempt_of(new) >= attempt_of(old):
        ways.append(_wrong_in_correction(old, new, changed))
    return min(ways, key=len) if ways else changed


def _may_be_corrected(row: Record) -> bool:
    """Return whether the end of a group is unknown, or known from a scheduler only: its completion file counts more."""
    hearsay = _is_scheduled(row) and not _is_witnessed(row) and row.get("state") != State.FINISHED
    hearsay |= row.get("source") == SCHEDULER
    return _ended(row) and (row.get("state") == State.LOST or hearsay)


def _is_witnessed(row: Record) -> bool:
    if row.get("source") == SCHEDULER:
        return False
    return row.get("exit_code") is not None or row.get("signal") is not None


def _wrong_in_correction(old: Record, new: Record, changed: Sequence[str]) -> list[str]:
    """List what is wrong with the end of a group that was learned later: it is that of the same job."""
    if not _ended(new) or new.get("state") == State.LOST or not (old.get("state") == State.LOST or _is_witnessed(new)):
        return list(changed)
    wrong = ["job"] if old.get("job") and not _same(old, new, "job") else []
    return wrong if _is_before(new.get("started") or old.get("started"), new.get("ended")) else [*wrong, "ended"]


def _wrong_in_attempt(old: Record, new: Record) -> list[str]:
    """List what is wrong with a further attempt: it starts after the end of the earlier one, with a job of its own."""
    wrong = ["job"] if _is_scheduled(old) and old.get("job") == new.get("job") else []
    started = new.get("started")
    if started is None:
        # It has not started yet, or never did, so it can have left nothing.
        return [*wrong, *[key for key in _LEFT if new.get(key) not in (None, {}) and _ended(new)]]
    if started == old.get("started") or not _is_before(old.get("ended") or old.get("started"), started):
        wrong.append("started")
    return wrong if new.get("ended") is None or _is_before(started, new["ended"]) else [*wrong, "ended"]


def _is_scheduled(row: Record) -> bool:
    """Return whether a group's job has a scheduler's name; processes of this machine have numbers that are reused."""
    job = row.get("job")
    return isinstance(job, str) and not job.isdecimal()


def _wrong_intent(sides: Sequence[Record], after: Record, groups: _Groups) -> list[KeyPath]:
    """Return the intent if it is not a new one although groups were retried, or a new one although none was."""
    is_new = _intent(after) not in [_intent(side) for side in sides]
    wrong = not groups.may_be_new if is_new else groups.must_be_new
    return [("submission", "intent")] if wrong else []


def _intent(record: Record) -> Any:
    return _mapping(record.get("submission")).get("intent")


def _is_before(one: Any, other: Any) -> bool:
    """Return whether a timestamp is not later than another; True if nothing is known about the first."""
    if one is None:
        return True
    if not (times.is_timestamp(one) and times.is_timestamp(other)):
        return False
    return (times.parse(one) - times.parse(other)).total_seconds() <= CLOCKS_S


def _ended(row: Record) -> bool:
    return row.get("state") not in [state.value for state in State if not state.ended]


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


def _rows(record: Record) -> list[Record]:
    rows = record.get("groups")
    return [_mapping(row) for row in rows] if isinstance(rows, list) else []


def _mapping(value: Any) -> Record:
    return value if isinstance(value, dict) else {}
