"""Searching for runs and groups: what the names of a condition stand for, and which rows meet it.

A name is one of FIELDS, a parameter, or a metric, in this order; `parameter.NAME` and `metric.NAME` are unambiguous. A
condition is about one group: a run meets it if any of its groups does. Whatever a group does not have is neither equal
nor different, less nor greater.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from qanat.domain import condition_values, times
from qanat.domain.condition import (
    METRIC,
    PARAMETER,
    AllOf,
    AnyOf,
    Compared,
    Condition,
    Not,
    Present,
    Said,
    invalid,
)
from qanat.domain.condition_values import Test
from qanat.domain.data import data_text, data_texts
from qanat.domain.facts import GroupFacts, Row
from qanat.domain.measured import STATISTICS, split_statistic
from qanat.domain.names import nearest
from qanat.domain.parameters import plain_names
from qanat.domain.run import State
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

Meets: TypeAlias = Callable[[Row, GroupFacts], bool]
LISTED = 40


@dataclass(frozen=True, slots=True)
class Names:
    """The names of parameters, as typed, of metrics and of curves that some groups have, in the order of the groups.

    `data` are the names of datasets and inputs that runs have.
    """

    parameters: Mapping[str, object]
    metrics: Mapping[str, object]
    curves: Mapping[str, object]
    data: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[GroupFacts]) -> Names:
        """Return the names that these groups have."""
        parameters: dict[str, object] = {}
        metrics: dict[str, object] = {}
        curves: dict[str, object] = {}
        for group in groups:
            parameters |= group.parameters
            metrics |= group.metrics
            curves |= group.curves
        return cls(parameters, metrics, curves)

    def has_statistic(self, name: str) -> bool:
        """Return whether a name such as loss.min is about a curve."""
        curve, which = split_statistic(name)
        return bool(which) and curve in self.curves

    def statistics(self) -> list[str]:
        """List what can be named of curves, such as loss.min, unless a metric has the name."""
        found = (f"{curve}.{which}" for curve in self.curves for which in STATISTICS)
        return [name for name in found if name not in self.metrics]

    @property
    def plain(self) -> tuple[str, ...]:
        """The names of the parameters without dashes, unless two would be called the same."""
        return tuple(plain_names(self.parameters).values())

    def parameters_named(self, name: str) -> tuple[str, ...]:
        """List the parameters that a name stands for: that one, or without dashes any that is called so."""
        if name.startswith("-") and name in self.parameters:
            return (name,)
        plain = name.lstrip("-")
        return tuple(sorted(known for known in self.parameters if known.lstrip("-") == plain))


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition can compare of a row: how its value is taken, and how a test of it is made."""

    take: Callable[[Row], Any]
    test: Callable[[Compared, datetime], Test]


@dataclass(frozen=True, slots=True)
class Search:
    """A condition whose names are known."""

    meets: Meets

    def __call__(self, row: Row) -> bool:
        """Return whether a row meets the condition."""
        return any(self.meets(row, group) for group in row.groups)


def search(condition: Condition, names: Names, now: datetime) -> Search:
    """Return the search for rows that meet a condition.

    Raises UsageError for a name that is unknown, with the nearest ones, and for a value that its name cannot have.
    """
    return Search(_meets(condition, names, now))


def _meets(condition: Condition, names: Names, now: datetime) -> Meets:
    match condition:
        case Not(inner):
            inside = _meets(inner, names, now)
            return lambda row, group: not inside(row, group)
        case AllOf(parts):
            every = [_meets(part, names, now) for part in parts]
            return lambda row, group: all(meets(row, group) for meets in every)
        case AnyOf(parts):
            some = [_meets(part, names, now) for part in parts]
            return lambda row, group: any(meets(row, group) for meets in some)
        case Said(text):
            return _says(text.casefold())
        case Present(name, place):
            return _has(name, place, names)
        case Compared():
            return _compares(condition, names, now)


def _says(part: str) -> Meets:
    def meets(row: Row, _: GroupFacts) -> bool:
        return part in row.run.description.casefold() or any(part in tag.casefold() for tag in row.run.tags)

    return meets


def _has(name: str, place: int, names: Names) -> Meets:
    kind, found = resolve(name, names, place)
    if kind == METRIC:
        return lambda _, group: any(group.metric(metric) is not None for metric in found)
    return lambda _, group: any(parameter in group.parameters for parameter in found)


def _compares(compared: Compared, names: Names, now: datetime) -> Meets:
    kind, found = resolve(compared.name, names, compared.place)
    if kind == METRIC:
        test = _metric_test(compared)
        return lambda _, group: any((value := group.metric(name)) is not None and test(value) for name in found)
    if kind == PARAMETER:
        test = _parameter_test(compared, now)
        return lambda _, group: any(test(group.parameters[name]) for name in found if name in group.parameters)
    known = field_of(found[0])
    take, test = known.take, known.test(compared, now)
    return lambda row, _: (value := take(row)) is not None and test(value)


def resolve(name: str, names: Names, place: int | None = None) -> tuple[str, tuple[str, ...]]:
    """Return what a name stands for: METRIC or PARAMETER and their names, or an empty text and the field's name.

    Raises UsageError if it is unknown, with its place if it is in a condition.
    """
    if name in FIELDS or name in ALIASES:
        return "", (ALIASES.get(name, name),)
    if name.startswith(DATA) and name.removeprefix(DATA) in names.data:
        return "", (name,)
    if not name.startswith(METRIC) and (parameters := names.parameters_named(name.removeprefix(PARAMETER))):
        return PARAMETER, parameters
    metric = name.removeprefix(METRIC)
    if (metric in names.metrics or names.has_statistic(metric)) and not name.startswith(PARAMETER):
        return METRIC, (metric,)
    raise _unknown(name, names, place)


def _unknown(name: str, names: Names, place: int | None) -> UsageError:
    """Return the error about an unknown name, with the nearest known ones."""
    plain = {parameter.lstrip("-"): parameter.lstrip("-") for parameter in names.parameters}
    metrics = {metric: METRIC + metric for metric in names.metrics}
    fields = {field: field for field in FIELDS}
    if name.startswith(METRIC):
        known = metrics
        what = "metric"
    elif name.startswith(("-", PARAMETER)):
        known, what = plain, "parameter"
    else:
        known, what = {**metrics, **plain, **fields}, "parameter or metric"
    bare = name.removeprefix(METRIC).removeprefix(PARAMETER).lstrip("-")
    statistics = {} if known is plain else {statistic: METRIC + statistic for statistic in names.statistics()}
    close = [(known | statistics)[other] for other in nearest(bare, [*known, *statistics])]
    hint = f"did you mean {', '.join(close)}?" if close else _available(known)
    problem = f"no run has the {what} {quoted(bare)}"
    return UsageError(problem, hint=hint) if place is None else invalid(problem, place, hint)


def _available(known: Mapping[str, str]) -> str:
    names = sorted(known.values())
    more = f", and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"available: {', '.join(names[:LISTED])}{more}" if names else "there are none"


# ---- tests of values


def _metric_test(compared: Compared) -> Test:
    limit = condition_values.number(compared.value)
    if limit is None or compared.operator in ("~", "!~"):
        raise _wrong(
            compared, "a number", "a metric is compared with a number, such as metric.acc>0.9 or metric.loss=nan"
        )
    return condition_values.number_test(compared.operator, limit)


def _parameter_test(compared: Compared, now: datetime) -> Test:
    test = condition_values.value_test(compared.operator, compared.value, now)
    if test is None:
        raise _wrong(compared, "a number, a duration or a date", "compare texts with =, != or ~")
    return test


def _wrong(compared: Compared, what: str, hint: str) -> UsageError:
    if compared.operator in ("~", "!~"):
        return invalid(f"{quoted(compared.name)} has no text for {quoted(compared.operator)}", compared.place, hint)
    return invalid(f"{quoted(compared.value)} is not {what}", compared.place, hint)


def _text(compared: Compared, now: datetime) -> Test:
    if compared.operator in ("<", "<=", ">", ">="):
        raise invalid(
            f"{quoted(compared.name)} has texts, which have no order", compared.place, "compare them with =, != or ~"
        )
    return condition_values.text_test(compared.operator, compared.value)


def _any_text(compared: Compared, now: datetime) -> Test:
    """Return a test of several texts, of which one must meet `=` or `~`, and none may meet what `!=` or `!~` negate."""
    is_negated = compared.operator.startswith("!")
    positive = compared.operator.removeprefix("!") if is_negated else compared.operator
    test = _text(Compared(compared.name, positive, compared.value, compared.place), now)
    return lambda texts: any(test(text) for text in texts) is not is_negated


def _state(compared: Compared, now: datetime) -> Test:
    states = [state.value for state in State]
    if compared.operator in ("=", "!=") and compared.value not in states:
        raise invalid(f"{quoted(compared.value)} is not a state", compared.place, f"states: {', '.join(states)}")
    return _text(compared, now)


def _commit(compared: Compared, now: datetime) -> Test:
    if compared.operator not in ("=", "!="):
        return _text(compared, now)
    start = compared.value.lower()
    return lambda found: (bool(start) and found.startswith(start)) is (compared.operator == "=")


def _whole(compared: Compared, now: datetime) -> Test:
    limit = condition_values.number(compared.value)
    if limit is None or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a number", f"for example: {compared.name}>=10")
    return condition_values.number_test(compared.operator, limit)


def _run_number(compared: Compared, now: datetime) -> Test:
    if "-" in compared.value.strip("-") and compared.operator in ("=", "!="):
        return lambda found: (f"{found[0]}-{found[1]}" == compared.value) is (compared.operator == "=")
    test = _whole(compared, now)
    return lambda found: test(found[0])


def _date(compared: Compared, now: datetime) -> Test:
    span = condition_values.date(compared.value, now)
    if span is None or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a date", condition_values.DATE_HINT)
    return condition_values.date_test(compared.operator, *span)


def _duration(compared: Compared, now: datetime) -> Test:
    seconds = condition_values.duration(compared.value)
    is_finite = seconds is not None and -math.inf < seconds < math.inf  # whole numbers may be too large for isfinite()
    if seconds is None or not is_finite or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a duration", condition_values.DURATION_HINT)
    return condition_values.duration_test(compared.operator, seconds)


def seconds(row: Row) -> float | None:
    """Return how long the run, without its pauses, or the group has been running, or took; None if that is unknown."""
    of = row.group or row.run
    if not of.started or (of.ended is None and of.state not in State.LIVE):
        return None
    span = times.seconds_between(of.started, of.ended)
    return span if span is None or row.group else max(0.0, span - row.run.paused_s)


def authors(text: str) -> tuple[str, ...]:
    """Return an author as `Name <address>`, and the name and the address."""
    name, _, address = text.partition("<")
    return text, name.strip(), address.rstrip("> ")


FIELDS: Mapping[str, Field] = {
    "run": Field(lambda row: (row.run.number, row.run.uid), _run_number),
    "experiment": Field(lambda row: row.run.experiment, _text),
    "group": Field(lambda row: row.group.number if row.group else None, _whole),
    "groups": Field(lambda row: len(row.run.groups), _whole),
    "state": Field(lambda row: (row.group or row.run).state, _state),
    "run.state": Field(lambda row: row.run.state, _state),
    "tag": Field(lambda row: row.run.tags, _any_text),
    "description": Field(lambda row: row.run.description, _text),
    "runner": Field(lambda row: row.run.runner, _text),
    "date": Field(lambda row: row.run.created, _date),
    "started": Field(lambda row: (row.group or row.run).started, _date),
    "ended": Field(lambda row: (row.group or row.run).ended, _date),
    "duration": Field(seconds, _duration),
    "commit": Field(lambda row: row.run.commit, _commit),
    "author": Field(lambda row: authors(row.run.author), _any_text),
    "run.environment": Field(lambda row: row.run.environment, _commit),
    "run.container": Field(lambda row: tuple(row.run.container), _any_text),
    "run.data": Field(lambda row: data_texts(row.run), _any_text),
    "key": Field(lambda row: tuple(group.key for group in row.groups if group.key), _any_text),
    "host": Field(lambda row: tuple(group.host for group in row.groups if group.host), _any_text),
}
# Before the name of a dataset or an input: what it was.
DATA = "data."
ALIASES = {"tags": "tag", "created": "date", "number": "run", "id": "run"}


def field_of(name: str) -> Field:
    """Return the field of this name: one of FIELDS, or what the data of a run were."""
    if name in FIELDS:
        return FIELDS[name]
    return Field(lambda row: data_text(row.run, name.removeprefix(DATA)), _text)
