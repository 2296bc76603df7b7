"""The cells of a comparison as texts: means with their deviations, differences, and what the rows are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qanat.domain.compared_columns import Column, usual_columns
from qanat.domain.comparison import Row
from qanat.domain.condition import METRIC
from qanat.domain.parameters import shown
from qanat.domain.statistics import signed
from qanat.usecases.runs.compare import Compared
from qanat.usecases.runs.experiments import metric_titles, title_of

RUNS_NAMED = 8
COMMITS_NAMED = 3
_BASELINE = " (baseline)"


def columns_of(compared: Compared) -> Sequence[Column]:
    """Return the columns that were asked for, or the usual ones."""
    return compared.chosen or usual_columns(compared.found)


def headings(compared: Compared, columns: Sequence[Column]) -> list[str]:
    """Return headings for a paper: metrics have their titles."""
    titles = metric_titles(compared.experiments.values())
    return [(title_of(c.names[0], titles) if c.kind == METRIC else "") or c.heading for c in columns]


def cells(compared: Compared, columns: Sequence[Column], best: str) -> list[list[str]]:
    """Return a text for each row and column; `best` is what follows the best value of a column."""
    rows = [[_cell(compared, column, row, i, best) for column in columns] for i, row in enumerate(compared.found.rows)]
    if columns[0].kind != METRIC and all(column.names != ("runs",) for column in columns):
        for place, row in enumerate(rows):
            row[0] += _BASELINE if compared.is_baseline(place) else ""
    return rows


def _cell(compared: Compared, column: Column, row: Row, place: int, best: str) -> str:
    if column.kind == METRIC:
        return _metric(compared, row, place, column.names[0], best)
    if column.kind:
        return shown(column.parameter(row))
    match column.names[0]:
        case "experiment":
            return row.experiment
        case "commit":
            return _commits(row)
        case "n":
            return _count(row)
    return _runs(compared, row, place)


def _commits(row: Row) -> str:
    """Return the commits of the runs, which have the same code: the first of many."""
    left = len(row.commits) - COMMITS_NAMED
    more = f", and {left:,} more" if left > 0 else ""
    return ", ".join(commit[:7] for commit in row.commits[:COMMITS_NAMED]) + more


def _count(row: Row) -> str:
    """Return how many groups count, and of how many if others did not finish."""
    return f"{row.groups} of {row.groups + len(row.unfinished)}" if row.unfinished else str(row.groups)


def _runs(compared: Compared, row: Row, place: int) -> str:
    numbers = [run.partition("-")[0] for run in row.runs]
    named = row.runs if len(set(numbers)) < len(numbers) else numbers
    more = f", and {len(named) - RUNS_NAMED:,} more" if len(named) > RUNS_NAMED else ""
    text = ", ".join(named[:RUNS_NAMED]) + more
    return f"{text}{_BASELINE}" if compared.is_baseline(place) else text


def _metric(compared: Compared, row: Row, place: int, name: str, best: str) -> str:
    """Return a metric, with its n if that is not the row's, the difference, and a mark if it is the best."""
    if name not in row.metrics:
        return ""
    s = row.metrics[name]
    count = "" if s.count == row.groups else f" (n={s.count})"
    mark = best if place in compared.found.best.get(name, ()) else ""
    return f"{s}{count}{_difference(compared, place, name)}{mark}"


def _difference(compared: Compared, place: int, name: str) -> str:
    against = compared.against.get(place)
    if against is None or name not in against.differences:
        return ""
    difference = against.differences[name]
    judged = difference.judged(compared.direction(place, name))
    shows_value = math.isfinite(difference.value) and difference.value != 0
    shown_value = signed(difference.value, compared.found.rows[place].metrics[name])
    return f" ({shown_value}, {judged})" if shows_value else f" ({judged})"
