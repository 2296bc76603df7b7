"""The columns of a comparison: what their names stand for, what a row has in each, and the order of rows by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qanat.domain.comparison import Comparison, Row
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.run_columns import Order, order_of, ordered, split_key
from qanat.domain.search import Names, resolve
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER
from qanat.errors import UsageError

OWN = ("experiment", "runs", "n", "commit")
# The same columns as conditions and tables of runs name them.
ALIASES = {"run": "runs", "number": "runs", "groups": "n"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: PARAMETER or METRIC and its names, or an empty text and one of OWN."""

    kind: str
    names: tuple[str, ...]

    def order(self, row: Row) -> Order | None:
        """Return what a row is sorted by; None if it has nothing."""
        name = self.names[0]
        if self.kind == METRIC:
            return order_of(row.metrics[name].mean) if name in row.metrics else None
        if self.kind == PARAMETER:
            return next((order_of(row.parameters[n]) for n in self.names if n in row.parameters), None)
        if name == "n":
            return order_of(row.groups)
        if name == "runs":
            number, _, uid = row.runs[0].partition("-")
            return 0, int(number), uid
        return 1, 0.0, row.experiment if name == "experiment" else row.commit


def column_named(text: str, found: Comparison, names: Names) -> Column:
    """Return the column of this name; `names` are those of the runs that are compared.

    Raises UsageError if there is none, with the nearest names, and for a seed, over which rows have means.
    """
    if (own := ALIASES.get(text, text)) in OWN:
        return Column("", (own,))
    seeds = {seed for several in found.seeds.values() for seed in several}
    parameters = {name: None for row in found.rows for name in row.parameters if name not in seeds}
    known = Names(parameters, dict.fromkeys(found.metrics), names.curves)
    if not text.startswith(METRIC) and not known.parameters_named(text.removeprefix(PARAMETER)):
        for seed in Names(dict.fromkeys(seeds), {}, {}).parameters_named(text.removeprefix(PARAMETER)):
            raise UsageError(
                f"a row has no {quoted(seed)}, since it is a mean over seeds",
                hint="qanat runs --groups shows each group",
            )
    kind, what = resolve(text, known)
    if not kind:
        raise UsageError(f"comparisons have no column {quoted(text)}", hint=f"available: {', '.join(OWN)}")
    return Column(kind, what)


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
