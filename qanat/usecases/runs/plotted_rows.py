"""The points of a plot of a comparison: a metric over a parameter or another metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qanat.domain import setting
from qanat.domain.comparison import Comparison, Row
from qanat.domain.condition import METRIC
from qanat.domain.equal_values import canonical
from qanat.domain.names import nearest
from qanat.domain.parameters import plain_names
from qanat.domain.search import Names
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.runs.compare import available


@dataclass(frozen=True, slots=True)
class Points:
    """The points of rows that differ only in what the plot is over, sorted by it; the label says what they share.

    Each point is the mean of so many groups as `counts` says, with its deviation.
    """

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    deviations: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class PlottedRows:
    """A plot's series, and the rows that are not in it since they have no number on either axis.

    Over a parameter, the points of a series are `joined`. It is `split` by runs if some have the same value of it.
    """

    series: tuple[Points, ...]
    without_x: tuple[Row, ...]
    not_finite: int
    joined: bool
    split: bool = False


def plotted_rows(found: Comparison, x: str, y: str) -> PlottedRows:
    """Return a metric y over x, a parameter or a metric, with a series for each setting of the other parameters.

    Over a metric, all rows are one series. Raises UsageError if no row has both as numbers.
    """
    y = y.removeprefix(METRIC) if y not in found.metrics else y
    measured = [(row, row.metrics[y].mean) for row in found.rows if y in row.metrics]
    series: dict[object, list[tuple[float, Row]]] = {}
    without_x = []
    for row, mean in measured:
        place = _place(row, x)
        if place is None:
            without_x.append(row)
        elif math.isfinite(mean):
            series.setdefault(_key(row, found, x), []).append((place, row))
    if not series:
        has_both = len(measured) > len(without_x)
        problem = f"no row with {quoted(x)} has a finite {quoted(y)}" if has_both else ""
        problem = problem or f"no row has both {quoted(x)} and {quoted(y)} as numbers"
        raise UsageError(problem, hint=_hint(found, (x, y)))
    joined = not any(_metric(row, x) for row in found.rows)
    by_run = {key: _by_run(rows) if joined else [rows] for key, rows in series.items()}
    drawn = tuple(_points(rows, found, x, y, of_run=len(own) > 1) for own in by_run.values() for rows in own)
    not_finite = sum(not math.isfinite(mean) for _, mean in measured)
    return PlottedRows(drawn, tuple(without_x), not_finite, joined, split=len(drawn) > len(series))


def _hint(found: Comparison, given: Sequence[str]) -> str:
    """Return the names most like those that are unknown, or all parameters and metrics that are numbers."""
    plain = plain_names(found.parameters)
    numbers = [plain[name] for name in found.parameters if any(_place(row, name) is not None for row in found.rows)]
    taken = {name.lstrip("-") for row in found.rows for name in row.parameters}
    finite = [n for n in found.metrics if any(n in r.metrics and math.isfinite(r.metrics[n].mean) for r in found.rows)]
    known = [*numbers, *(f"{METRIC}{name}" if name in taken else name for name in finite)]
    meant = {*found.metrics, *found.parameters, *plain.values()}
    unknown = [name for name in given if name.removeprefix(METRIC) not in meant]
    close = [other for name in unknown for other in nearest(name, known, 1)]
    return f"did you mean {', '.join(close)}?" if close else available(known)


def _by_run(rows: Sequence[tuple[float, Row]]) -> list[list[tuple[float, Row]]]:
    """Split the rows of a series by their runs if a line through all of them would have two points at one place."""
    if len({place for place, _ in rows}) == len(rows):
        return [[*rows]]
    found: dict[tuple[str, ...], list[tuple[float, Row]]] = {}
    for place, row in rows:
        found.setdefault(row.runs, []).append((place, row))
    return [*found.values()]


def _place(row: Row, x: str) -> float | None:
    """Return where a row is on the axis of x; None if it has no finite number there."""
    try:
        place = _number(row, x)
    except ValueError:
        return None
    return place if math.isfinite(place) else None


def _number(row: Row, x: str) -> float:
    if metric := _metric(row, x):
        return row.metrics[metric].mean
    named = _named(row, x)
    return float(row.parameters[named[0]]) if named else math.nan


def _metric(row: Row, x: str) -> str:
    """Return the metric that a name stands for; empty for one of a parameter, which comes first, and for any other."""
    metric = x.removeprefix(METRIC)
    return metric if metric in row.metrics and (metric != x or not _named(row, x)) else ""


def _named(row: Row, x: str) -> Sequence[str]:
    return Names(row.parameters, {}, {}).parameters_named(x)


def _others(row: Row, found: Comparison, x: str) -> list[tuple[str, str]]:
    """Return the parameters of a row in which rows differ, without what the plot is over."""
    if _metric(row, x):
        return []
    over = _named(row, x)
    return [(name, row.parameters[name]) for name in found.parameters if name in row.parameters and name not in over]


def _key(row: Row, found: Comparison, x: str) -> object:
    experiment = "" if _metric(row, x) else row.experiment
    return experiment, tuple((name, canonical(value)) for name, value in _others(row, found, x))


def _points(rows: Sequence[tuple[float, Row]], found: Comparison, x: str, y: str, *, of_run: bool) -> Points:
    first = rows[0][1]
    several = len({row.experiment for row in found.rows}) > 1
    given = setting.as_text(_others(first, found, x))
    numbers = ", ".join(run.partition("-")[0] for run in first.runs)
    runs = f"run{'' if len(first.runs) == 1 else 's'} {numbers}" if of_run else ""
    label = " ".join(filter(None, (first.experiment if several else "", given, runs))) or "other rows"
    ordered = sorted(rows, key=lambda pair: pair[0])
    metrics = [row.metrics[y] for _, row in ordered]
    deviations = [s.deviation or 0.0 for s in metrics]
    return Points(
        label, [place for place, _ in ordered], [s.mean for s in metrics], deviations, [s.count for s in metrics]
    )
