"""Forbidden changes of a record, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qanat.domain import frozen
from qanat.domain.key_path import KeyPath, dotted, value_at
from qanat.domain.meanings import ABSENT, Sentence, Verbatim, shown
from qanat.domain.run import Group, Run


def is_retried(old: Run, new: Run) -> bool:
    """Return whether any group has a further attempt."""
    return any(b.attempt > a.attempt for a, b in zip(old.groups, new.groups, strict=False))


@dataclass(frozen=True, slots=True)
class ReplacedMetric:
    """A metric of a group that had ended, and that has another value now; None where it has none."""

    group: int
    name: str
    before: float | None
    after: float | None


def replaced_metrics(old: Run, new: Run) -> list[ReplacedMetric]:
    """List the metrics that differ in groups which had ended: those of further attempts, or found or made up later."""
    found = []
    for a, b in zip(old.groups, new.groups, strict=False):
        if not a.state.ended:
            continue
        before, after = _numbers(a), _numbers(b)
        pairs = ((name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after)))
        # Compared as text, since NaN is not equal to itself.
        found += [ReplacedMetric(a.number, *pair) for pair in pairs if repr(pair[1]) != repr(pair[2])]
    return found


def _numbers(group: Group) -> dict[str, float]:
    """Return the metrics of a group, and those of its curves that are not among them."""
    found = dict(group.metrics)
    for name, curve in group.curves.items():
        found |= {f"{name}.{which}": value for which, value in curve.statistics().items() if which != "last"}
    return found


def forbidden(old: Mapping[str, Any], new: Mapping[str, Any], *, moved: bool = False) -> list[Sentence]:
    """List changes to a run's record that are not allowed: nearly all of them, once the run has ended.

    Both are the mappings of valid records. `moved` says that the experiment was renamed.
    """
    broken = frozen.violations([old], new, moved=moved)
    return [s for path in broken for s in _violation(path, value_at(old, path, ABSENT), value_at(new, path, ABSENT))]


def _violation(path: KeyPath, before: Any, after: Any) -> Iterator[Sentence]:
    if repr(before) == repr(after):
        yield (Verbatim(_label(path)), " ", frozen.STILL)
    else:
        yield from _sentences(path, before, after)


def _sentences(path: KeyPath, before: Any, after: Any) -> Iterator[Sentence]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            old, new = before.get(key, ABSENT), after.get(key, ABSENT)
            # Compared as text, since NaN is not equal to itself.
            if repr(old) != repr(new):
                yield from _sentences((*path, key), old, new)
        return
    if isinstance(before, dict | list) or isinstance(after, dict | list):
        yield (Verbatim(_label(path)), " has changed")
    else:
        yield (Verbatim(_label(path)), " is ", _value(after), " instead of ", _value(before))


def _label(path: KeyPath) -> str:
    """Return a place in a record as text: `group 2: metrics.acc`, `code.commit`."""
    if len(path) > 1 and path[0] == "groups":
        return f"group {path[1]}: {dotted(path[2:])}"
    return dotted(path)


def _value(value: Any) -> str:
    return "nothing" if value is None or value is ABSENT else Verbatim(shown(value))
