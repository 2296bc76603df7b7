"""The columns of a table of runs or groups: which there are, what a row has in each, and the order of rows by them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.condition_values import number
from qanat.domain.facts import Row
from qanat.domain.parameters import plain_names
from qanat.domain.search import ALIASES, DATA, FIELDS, Names, field_of, resolve
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

# The last fields of a table that is not told which, and those that are shown only if they are named.
LAST = ("state", "duration", "date", "tag", "description")
USED = ("used.cpu_time", "used.memory", "used.gpu_memory", "used.gpu_percent")
ONLY_NAMED = (
    "attempt",
    "run.state",
    "run.data",
    "run.environment",
    "run.container",
    "run.results",
    "host",
    "key",
    "origin",
    "origin.id",
    *USED,
)
_TAKEN = frozenset({*FIELDS, *ALIASES})

T = TypeVar("T")
Order: TypeAlias = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: PARAMETER or METRIC and its names, or an empty text and the name of a field.

    The heading of a field is its name, or the one of ALIASES by which it was chosen.
    """

    kind: str
    names: tuple[str, ...]
    heading: str

    def values(self, row: Row) -> tuple[Any, ...]:
        """Return what a row has: different parameters of its groups once each, and the metric of every group."""
        if self.kind == METRIC:
            return tuple(value for group in row.groups if (value := group.metric(self.names[0])) is not None)
        if self.kind == PARAMETER:
            found = (g.parameters[name] for g in row.groups for name in self.names if name in g.parameters)
            return tuple(dict.fromkeys(found))
        value = field_of(self.names[0]).take(row)
        if self.names[0] == "run":
            return (row.run.number if self.heading == "number" else row.run.id,)
        if self.names[0] == "author":
            return (row.run.author,)
        return value if isinstance(value, tuple) else () if value is None else (value,)


def default_columns(rows: Sequence[Row], names: Names, *, by_group: bool, more: bool) -> list[Column]:
    """Return the columns of these rows: their run, the parameters in which they differ, their metrics, and more fields.

    A single row has all its parameters.
    """
    first = ["run"]
    if len({row.run.experiment for row in rows}) > 1:
        first.append("experiment")
    if by_group:
        first.append("group")
    parameters = [column for column in _parameters(names) if len(rows) == 1 or _varies(column, rows)]
    last = LAST if more else ()
    return [*map(_field, first), *parameters, *_metrics(names), *map(_field, last)]


def all_columns(names: Names, *, by_group: bool) -> list[Column]:
    """Return all columns but those that are shown only if they are named."""
    left_out = ONLY_NAMED if by_group else (*ONLY_NAMED, "group")
    fields = [_field(name) for name in FIELDS if name not in left_out]
    return [*fields, *_parameters(names), *_metrics(names)]


def chosen_columns(texts: Iterable[str], names: Names) -> list[Column]:
    """Return the columns of these names or patterns as for file names, in this order and once each.

    Raises UsageError for a name that is unknown, and for a pattern that no name matches.
    """
    known = [*all_columns(names, by_group=True), *map(_field, USED)]
    found: dict[Column, None] = {}
    for text in texts:
        if is_pattern(text):
            data = [_field(f"{DATA}{name}") for name in names.data] if text.startswith(DATA) else []
            among = [*known, *data, *(_statistics(names) if "." in text.removeprefix(METRIC) else ())]
            matching = [c for c in among if any(fnmatch.fnmatchcase(name, text) for name in _spellings(c))]
            if not matching:
                raise UsageError(f"no column matches {quoted(text)}", hint="for example: --columns 'run,lr,metric.*'")
        else:
            kind, what = resolve(text, names)
            of_kind = [column for column in known if column.kind == kind and set(column.names) <= set(what)]
            matching = [Column(kind, what, text)] if text in ALIASES else of_kind or [Column(kind, what, what[0])]
        found |= dict.fromkeys(matching)
    return list(found)


def is_pattern(text: str) -> bool:
    """Return whether this stands for all columns whose names it matches, as for file names."""
    return any(special in text for special in "*?[")


def shared_parameters(rows: Sequence[Row], among: Iterable[Row], names: Names) -> list[Column]:
    """Return the parameters that are the same in these rows, but not in others of their experiments.

    A single row shares nothing, since default_columns() has all its parameters. No more rows are taken from `among`
    than it takes to see that.
    """
    if len(rows) < 2:
        return []
    same = [column for column in _parameters(names) if column.values(rows[0]) and not _varies(column, rows)]
    experiments = {row.run.experiment for row in rows}
    left = {column: column.values(rows[0]) for column in same}
    others = iter(among)
    while left and (row := next(others, None)):
        if row.run.experiment in experiments:
            left = {column: values for column, values in left.items() if column.values(row) == values}
    return [column for column in same if column not in left]


def sorted_rows(rows: Sequence[Row], keys: Sequence[str], names: Names) -> list[Row]:
    """Return rows sorted by columns, with the greatest first for `-NAME`.

    Rows that are equal keep their order, and those without a value, or with NaN only, come last. A row with several
    values is sorted by the one that comes first. Raises UsageError for an unknown name.
    """
    found = list(rows)
    for key in reversed(keys):
        name, descending = split_key(key)
        column = chosen_columns([name], names)[0]
        found = ordered(found, partial(_place, column, descending=descending), descending=descending)
    return found


def split_key(key: str) -> tuple[str, bool]:
    """Return the name in a key such as `-acc`, and whether the greatest comes first."""
    descending = key.startswith("-") and not key.startswith("--")
    return (key[1:] if descending else key), descending


def ordered(items: Sequence[T], place: Callable[[T], Order | None], *, descending: bool) -> list[T]:
    """Return items in the order of their places; equal ones keep their order, those without a place come last."""
    placed = [(place(item), item) for item in items]
    known = [(order, item) for order, item in placed if order is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in known] + [item for order, item in placed if order is None]


def _place(column: Column, row: Row, *, descending: bool) -> Order | None:
    """Return what a row is sorted by; None if it has nothing."""
    if column.names == ("run",) and not column.kind:
        return (0, row.run.number, row.run.uid)
    places = [place for value in column.values(row) if (place := order_of(value)) is not None]
    return (max if descending else min)(places, default=None)


def order_of(value: Any) -> Order | None:
    """Return what a value is sorted by: numbers before texts; None for NaN."""
    known = number(value) if isinstance(value, str) else value
    if known is None:
        return (1, 0.0, value)
    is_nan = known != known  # noqa: PLR0124  # whole numbers may be too large for isnan()
    return None if is_nan else (0, known, "")


def _field(name: str) -> Column:
    return Column("", (name,), name)


def _parameters(names: Names) -> list[Column]:
    """Return a column for each parameter, without dashes unless two would be called the same."""
    plain = plain_names(names.parameters)
    return [Column(PARAMETER, (name,), _heading(PARAMETER, plain[name], _TAKEN)) for name in plain]


def _metrics(names: Names) -> list[Column]:
    taken = {*_TAKEN, *(name.lstrip("-") for name in names.parameters)}
    return [Column(METRIC, (name,), _heading(METRIC, name, taken)) for name in names.metrics]


def _statistics(names: Names) -> list[Column]:
    """Return a column for what each curve came to, which patterns like `loss.*` and `*.min` stand for."""
    return [Column(METRIC, (name,), name) for name in names.statistics()]


def _heading(kind: str, name: str, taken: Iterable[str]) -> str:
    return f"{kind}{name}" if name in taken else name


def _spellings(column: Column) -> tuple[str, ...]:
    return (column.heading, *(f"{column.kind}{name.lstrip('-')}" for name in column.names))


def _varies(column: Column, rows: Sequence[Row]) -> bool:
    values = iter(rows)
    first = column.values(next(values)) if rows else ()
    return any(column.values(row) != first for row in values)
