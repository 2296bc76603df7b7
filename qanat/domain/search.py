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

from qanat.domain import times, value_tests
from qanat.domain.condition import (
    METRIC,
    PARAMETER,
    AllOf,
    AnyOf,
    Compared,
    Condition,
    Fresh,
    Not,
    Present,
    Said,
    invalid,
)
from qanat.domain.condition_values import Test
from qanat.domain.data import data_text, data_texts
from qanat.domain.facts import GroupFacts, Row, RunFacts
from qanat.domain.measured import STATISTICS, split_statistic
from qanat.domain.names import nearest
from qanat.domain.parameters import plain_names
from qanat.domain.run import State
from qanat.domain.shortening import quoted
from qanat.domain.used import NAMES
from qanat.errors import UsageError

Meets: TypeAlias = Callable[[Row, GroupFacts], bool]
# Says whether a run has executed what would be executed now.
IsFresh: TypeAlias = Callable[[RunFacts], bool]
LISTED = 40


class FreshnessUnknown(UsageError):
    """A condition asks which runs are fresh where that cannot be found out."""


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


def search(condition: Condition, names: Names, now: datetime, is_fresh: IsFresh | None = None) -> Search:
    """Return the search for rows that meet a condition.

    Raises UsageError for a name that is unknown, with the nearest ones, and for a value that its name cannot have;
    FreshnessUnknown if it asks what is fresh, and nothing says so.
    """
    return Search(_meets(condition, _Context(names, now, is_fresh)))


@dataclass(frozen=True, slots=True)
class _Context:
    """What the parts of a condition are read with."""

    names: Names
    now: datetime
    is_fresh: IsFresh | None


def _meets(condition: Condition, context: _Context) -> Meets:
    match condition:
        case Not(inner):
            inside = _meets(inner, context)
            return lambda row, group: not inside(row, group)
        case AllOf(parts):
            every = _in_order(parts, context)
            return lambda row, group: all(meets(row, group) for meets in every)
        case AnyOf(parts):
            some = _in_order(parts, context)
            return lambda row, group: any(meets(row, group) for meets in some)
        case Said(text):
            return _says(text.casefold())
        case Present(name, place):
            return _has(name, place, context.names)
        case Compared():
            return _compares(condition, context.names, context.now)
        case Fresh(place):
            return _is_fresh(context.is_fresh, place)


def asks_for_fresh(condition: Condition) -> bool:
    """Return whether a condition is about what is fresh, or not."""
    match condition:
        case Not(inner):
            return asks_for_fresh(inner)
        case AllOf(parts) | AnyOf(parts):
            return any(map(asks_for_fresh, parts))
    return isinstance(condition, Fresh)


def _in_order(parts: Iterable[Condition], context: _Context) -> list[Meets]:
    """Return the tests of conditions, those that take long last: what is fresh is found out for few runs then."""
    return [_meets(part, context) for part in sorted(parts, key=asks_for_fresh)]


def _is_fresh(is_fresh: IsFresh | None, place: int) -> Meets:
    if is_fresh is None:
        problem = invalid("it is not known here which runs are fresh", place, "see: qanat runs --where fresh")
        raise FreshnessUnknown(problem.message, hint=problem.hint)
    return lambda row, _: is_fresh(row.run)


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
        test = value_tests.metric_test(compared)
        return lambda _, group: any((value := group.metric(name)) is not None and test(value) for name in found)
    if kind == PARAMETER:
        test = value_tests.parameter_test(compared, now)
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


def seconds(row: Row) -> float | None:
    """Return how long all attempts of the run, without its pauses, or of the group took, so far; None if unknown."""
    of = row.group or row.run
    if not of.started or (of.ended is None and of.state not in State.LIVE):
        return None
    span = times.seconds_between(of.started, of.ended)
    if span is None:
        return None
    return span + row.group.before_s if row.group else max(0.0, span - row.run.paused_s)


def used(take: Callable[[Iterable[float]], float], which: str) -> Callable[[Row], float | None]:
    """Return what takes the value of a row from what its groups have used; None if that is not known of any."""
    place = NAMES.index(which)

    def value(row: Row) -> float | None:
        known = [found for group in row.groups if group.used and (found := group.used[place]) is not None]
        return take(known) if known else None

    return value


def authors(text: str) -> tuple[str, ...]:
    """Return an author as `Name <address>`, and the name and the address."""
    name, _, address = text.partition("<")
    return text, name.strip(), address.rstrip("> ")


FIELDS: Mapping[str, Field] = {
    "run": Field(lambda row: (row.run.number, row.run.uid), value_tests.run_number),
    "experiment": Field(lambda row: row.run.experiment, value_tests.text),
    "group": Field(lambda row: row.group.number if row.group else None, value_tests.whole),
    "groups": Field(lambda row: len(row.run.groups), value_tests.whole),
    "attempt": Field(lambda row: max(group.attempt for group in row.groups), value_tests.whole),
    "state": Field(lambda row: (row.group or row.run).state, value_tests.state),
    "run.state": Field(lambda row: row.run.state, value_tests.state),
    "tag": Field(lambda row: row.run.tags, value_tests.any_text),
    "description": Field(lambda row: row.run.description, value_tests.text),
    "runner": Field(lambda row: row.run.runner, value_tests.text),
    "date": Field(lambda row: row.run.created, value_tests.date),
    "started": Field(lambda row: (row.group or row.run).started, value_tests.date),
    "ended": Field(lambda row: (row.group or row.run).ended, value_tests.date),
    "duration": Field(seconds, value_tests.duration),
    "used.cpu_time": Field(used(math.fsum, "cpu_s"), value_tests.duration),
    "used.memory": Field(used(max, "memory_mib"), value_tests.size),
    "used.gpu_memory": Field(used(max, "gpu_memory_mib"), value_tests.size),
    "used.gpu_percent": Field(used(max, "gpu_percent"), value_tests.whole),
    "commit": Field(lambda row: row.run.commit, value_tests.commit),
    "author": Field(lambda row: authors(row.run.author), value_tests.any_text),
    "run.environment": Field(lambda row: row.run.environment, value_tests.commit),
    "run.container": Field(lambda row: tuple(row.run.container), value_tests.any_text),
    "run.data": Field(lambda row: data_texts(row.run), value_tests.any_text),
    "run.results": Field(lambda row: "removed" if row.run.removed else None, value_tests.text),
    "origin": Field(lambda row: row.run.origin[0] if row.run.origin else None, value_tests.text),
    "origin.id": Field(lambda row: row.run.origin[1] if row.run.origin else None, value_tests.text),
    "key": Field(lambda row: tuple(group.key for group in row.groups if group.key), value_tests.any_text),
    "host": Field(lambda row: tuple(group.host for group in row.groups if group.host), value_tests.any_text),
}
# Before the name of a dataset or an input: what it was.
DATA = "data."
ALIASES = {"tags": "tag", "created": "date", "number": "run", "id": "run"}


def field_of(name: str) -> Field:
    """Return the field of this name: one of FIELDS, or what the data of a run were."""
    if name in FIELDS:
        return FIELDS[name]
    return Field(lambda row: data_text(row.run, name.removeprefix(DATA)), value_tests.text)
