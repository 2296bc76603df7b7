"""Searching for runs: conditions that a person types, and whether a run meets them.

A condition is one argument. `tag:x`, `state:failed`, `runner:local`, `commit:4a1f`, `text:iris` (description),
`after:2026-11-01` and `before:2026-11-30` are about the run; `lr<0.01`, `--lr=0.1`, `name!=x` about a parameter of
any of its groups, and `--flag` about whether one has that option. Anything else is searched for in description and
tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qanat.domain import times
from qanat.domain.parameters import by_name, is_option
from qanat.domain.run import Run, State
from qanat.errors import UsageError

_PARAMETER = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*?)\s*(<=|>=|!=|==|=|<|>)\s*(.*)\Z", re.DOTALL)
_OPERATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
FIELDS = ("tag", "state", "runner", "commit", "text", "after", "before", "experiment")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a run; `text` is what was typed."""

    text: str
    meets: Callable[[Run], bool]


def parse(text: str) -> Condition:
    """Parse a condition. Raises UsageError for an unknown state or an invalid date."""
    word = text.strip()
    field, colon, value = word.partition(":")
    if colon and field in FIELDS:
        return Condition(word, _field(field, value.strip()))
    if match := _PARAMETER.match(word):
        return Condition(word, _parameter(match[1].lstrip("-"), match[2], match[3]))
    if is_option(word):
        return Condition(word, lambda run: any(word in by_name(group.args) for group in run.groups))
    return Condition(word, lambda run: _says(run, word))


def _field(field: str, value: str) -> Callable[[Run], bool]:
    match field:
        case "tag":
            return lambda run: value in run.tags
        case "state":
            return _state(value)
        case "runner":
            return lambda run: run.runner.name == value
        case "commit":
            return lambda run: bool(value) and run.code.commit.startswith(value.lower())
        case "experiment":
            return lambda run: run.experiment == value
        case "after" | "before":
            return _date(field, value)
    return lambda run: _says(run, value)


def _state(value: str) -> Callable[[Run], bool]:
    if value not in {state.value for state in State}:
        raise UsageError(f"{value!r} is not a state", hint=f"states: {', '.join(s.value for s in State)}")
    return lambda run: run.state == value


def _date(field: str, value: str) -> Callable[[Run], bool]:
    try:
        limit = times.parse(value).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"{value!r} is not a date", hint="write it as 2026-11-23 or 2026-11-23T05:17") from None
    if field == "after":
        return lambda run: times.parse(run.created) >= limit
    return lambda run: times.parse(run.created) < limit


def _says(run: Run, word: str) -> bool:
    lower = word.lower()
    return lower in run.description.lower() or any(lower in tag.lower() for tag in run.tags)


def _parameter(name: str, operation: str, value: str) -> Callable[[Run], bool]:
    def meets(run: Run) -> bool:
        return any(
            _compare(operation, found, value)
            for group in run.groups
            for key, found in by_name(group.args).items()
            if key.lstrip("-") == name
        )

    return meets


def _compare(operation: str, found: str | list[str], wanted: str) -> bool:
    text = found if isinstance(found, str) else " ".join(found)
    a, b = number(text), number(wanted)
    if operation in _OPERATIONS:
        return a is not None and b is not None and _OPERATIONS[operation](a, b)
    same = text == wanted if a is None or b is None else a == b
    return same is (operation != "!=")


def number(text: str) -> float | None:
    """Parse a number; None if text is not one."""
    try:
        return float(text)
    except ValueError:
        return None
