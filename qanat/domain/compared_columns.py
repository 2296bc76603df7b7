"""The columns of a comparison: which there are, what their names stand for, and the order of rows by them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qanat.domain.comparison import Comparison, Row
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.parameters import plain_names
from qanat.domain.run_columns import Order, is_pattern, order_of, ordered, split_key
from qanat.domain.search import Names, resolve
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER
from qanat.errors import UsageError

OWN = ("experiment", "runs", "n", "commit")
# The same columns as conditions and tables of runs name them.
ALIASES = {"run": "runs", "number": "runs", "groups": "n"}
_OTHERS = frozenset({*OWN, *ALIASES})


@dataclass(frozen=True, slots=True)
class Column:
    """A column: PARAMETER or METRIC and its names, or an empty text and one of OWN; and its heading."""

    kind: str
    names: tuple[str, ...]
    heading: str

    def parameter(self, row: Row) -> str | None:
        """Return the value of the parameter that a row has; empty for a bare option."""
        return next((row.parameters[name] for name in self.names if name in row.parameters), None)

    def order(self, row: Row) -> Order | None:
        """Return what a row is sorted by; None if it has nothing."""
        name = self.names[0]
        if self.kind == METRIC:
            return order_of(row.metrics[name].mean) if name in row.metrics else None
        if self.kind == PARAMETER:
            value = self.parameter(row)
            return None if value is None else order_of(value)
        if name == "n":
            return order_of(row.groups)
        if name == "runs":
            number, _, uid = row.runs[0].partition("-")
            return 0, int(number), uid
        return 1, 0.0, row.experiment if name == "experiment" else row.commit


def usual_columns(found: Comparison) -> list[Column]:
    """Return the columns of a table: the parameters in which rows differ, all metrics, and those of OWN that tell."""
    several = len({row.experiment for row in found.rows}) > 1
    codes = len({row.tree for row in found.rows}) > 1
    first = [*(["experiment"] if several else []), "runs", "n", *(["commit"] if codes else [])]
    return [*map(own, first), *_parameters(found, found.parameters), *_metrics(found)]


def chosen_columns(texts: Sequence[str], found: Comparison, names: Names) -> list[Column]:
    """Return the columns of these names or patterns as for file names, in this order and once each.

    `names` are those of the runs that are compared. Raises UsageError for a name that no column has, with the nearest
    ones, for a seed, over which rows have means, and for a pattern that no name matches.
    """
    chosen: dict[Column, None] = {}
    for text in texts:
        if is_pattern(text):
            columns = [*map(own, OWN), *_parameters(found, _known(found)), *_metrics(found)]
            matching = [c for c in columns if any(fnmatch.fnmatchcase(name, text) for name in _spellings(c))]
            if not matching:
                raise UsageError(f"no column matches {quoted(text)}", hint="for example: --columns 'lr,metric.*'")
        else:
            matching = [column_named(text, found, names)]
        chosen |= dict.fromkeys(matching)
    return list(chosen)


def column_named(text: str, found: Comparison, names: Names) -> Column:
    """Return the column of this name; errors as for chosen_columns()."""
    if ALIASES.get(text, text) in OWN:
        return own(ALIASES.get(text, text))
    seeds = dict.fromkeys(seed for several in found.seeds.values() for seed in several)
    bare = text.removeprefix(PARAMETER)
    known = Names(dict.fromkeys(_known(found)), dict.fromkeys(found.metrics), names.curves)
    averaged = Names(seeds, {}, {}).parameters_named(bare)
    if averaged and not text.startswith(METRIC) and not known.parameters_named(bare):
        hint = "qanat runs --groups shows each group"
        raise UsageError(f"a row has no {quoted(averaged[0])}, since it is a mean over seeds", hint=hint)
    kind, what = resolve(text, known)
    if not kind:
        raise UsageError(f"comparisons have no column {quoted(text)}", hint=f"available: {', '.join(OWN)}")
    if kind == METRIC:
        for column in _metrics(found):
            if column.names == what:
                return column
        hint = f"metrics of rows: {', '.join(found.metrics)}" if found.metrics else "rows have no metrics"
        raise UsageError(f"no row has the metric {quoted(what[0])}", hint=hint)
    (first, *others) = _parameters(found, what)
    return first if not others else Column(PARAMETER, what, first.heading)


def _known(found: Comparison) -> list[str]:
    """List the parameters of rows, without seeds."""
    seeds = {seed for several in found.seeds.values() for seed in several}
    return [*dict.fromkeys(name for row in found.rows for name in row.parameters if name not in seeds)]


def own(name: str) -> Column:
    """Return the column of one of OWN."""
    return Column("", (name,), name)


def _parameters(found: Comparison, names: Sequence[str]) -> list[Column]:
    """Return columns of parameters, without dashes unless these tell them from another column."""
    plain = plain_names(dict.fromkeys(name for row in found.rows for name in (*row.parameters, *found.parameters)))
    return [Column(PARAMETER, (name,), name if plain[name] in _OTHERS else plain[name]) for name in names]


def _metrics(found: Comparison) -> list[Column]:
    """Return columns of metrics, as `metric.NAME` if the name alone means another column or a parameter."""
    parameters = (name.lstrip("-") for row in found.rows for name in row.parameters)
    taken = {*_OTHERS, *parameters}
    return [Column(METRIC, (name,), f"{METRIC}{name}" if name in taken else name) for name in found.metrics]


def _spellings(column: Column) -> tuple[str, ...]:
    return (column.heading, *(f"{column.kind}{name.lstrip('-')}" for name in column.names))


def sorted_by(found: Comparison, keys: Sequence[str], names: Names, better: Mapping[str, str]) -> Comparison:
    """Return a comparison with its rows sorted by columns, with the greatest first for `-NAME`.

    A metric of which higher values are better has them first in any case. Raises UsageError for an unknown name.
    """
    places = list(range(len(found.rows)))
    for key in reversed(keys):
        name, descending = split_key(key)
        column = column_named(name, found, names)
        first = descending or (column.kind == METRIC and better.get(column.names[0]) == HIGHER)
        orders = [column.order(row) for row in found.rows]
        places = ordered(places, orders.__getitem__, descending=first)
    return _reordered(found, places)


def _reordered(found: Comparison, places: Sequence[int]) -> Comparison:
    new = {place: i for i, place in enumerate(places)}
    best = {name: frozenset(new[place] for place in several) for name, several in found.best.items()}
    return replace(found, rows=tuple(found.rows[place] for place in places), best=best)
