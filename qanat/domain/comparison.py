"""Comparing runs: their metrics and the parameters in which they differ, side by side.

Groups that differ only in the seed form one row, with the mean and standard deviation over them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain.parameters import by_plain_name
from qanat.domain.run import Group, Run, State
from qanat.domain.statistics import LOWER, Statistic, statistic

SEEDS = ("seed", "random_seed", "random-seed")


@dataclass(frozen=True, slots=True)
class Row:
    """Groups that are compared as one: the runs they belong to, their number, parameters and metrics.

    `commit` and `tree` belong to the code of the first group.
    """

    experiment: str
    runs: tuple[str, ...]
    commit: str
    tree: str
    groups: int
    parameters: Mapping[str, str]
    metrics: Mapping[str, Statistic]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows, the parameters in which they differ (or by which they are grouped), the metrics, and the best rows.

    `best` maps each metric that has a better direction to the positions of its best rows.
    """

    rows: tuple[Row, ...]
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    best: Mapping[str, frozenset[int]]


def compare(
    runs: Sequence[Run],
    *,
    better: Mapping[str, str],
    group_by: str | None = None,
    sort: str | None = None,
    seeds: Sequence[str] = SEEDS,
) -> Comparison:
    """Compare the finished groups of runs.

    Rows come in the order of the runs, or sorted by a metric with the better value first (`better` maps
    metrics to higher or lower; the default is lower). With group_by, a row contains all groups with the
    same value of that parameter. `seeds` are the names, without dashes, of parameters that only tell
    repetitions apart.
    """
    column = group_by.lstrip("-") if group_by else None
    rows = _rows(runs, seeds, column)
    metrics = tuple(dict.fromkeys(name for row in rows for name in row.metrics))
    if sort is not None:
        rows.sort(key=lambda row: _place(row.metrics.get(sort), better.get(sort, LOWER)))
    parameters = _differing(rows, seeds) if column is None else (column,)
    return Comparison(tuple(rows), parameters, metrics, _best(rows, metrics, better))


def _rows(runs: Sequence[Run], seeds: Sequence[str], group_by: str | None) -> list[Row]:
    members: dict[tuple[object, ...], list[tuple[Run, Group]]] = {}
    for run in runs:
        for group in run.groups:
            if group.state is not State.FINISHED:
                continue
            parameters = parameters_of(group)
            if group_by is not None:
                key: tuple[object, ...] = (run.experiment, parameters.get(group_by, ""))
            else:
                kept = sorted((k, v) for k, v in parameters.items() if k not in seeds)
                key = (run.experiment, run.code.tree, *kept)
            members.setdefault(key, []).append((run, group))
    return [_row(found, seeds, group_by) for found in members.values()]


def _row(members: Sequence[tuple[Run, Group]], seeds: Sequence[str], group_by: str | None) -> Row:
    parameters = parameters_of(members[0][1])
    if group_by is not None:
        parameters = {group_by: parameters.get(group_by, "")}
    first = members[0][0]
    names = dict.fromkeys(name for _, group in members for name in group.metrics)
    measured = [(_seed(group, seeds), group.metrics) for _, group in members]
    return Row(
        experiment=first.experiment,
        runs=tuple(dict.fromkeys(run.id for run, _ in members)),
        commit=first.code.commit,
        tree=first.code.tree,
        groups=len(members),
        parameters=parameters,
        metrics={name: _statistic(name, measured) for name in names},
    )


def _statistic(name: str, measured: Sequence[tuple[str | None, Mapping[str, float]]]) -> Statistic:
    found = [(seed, metrics[name]) for seed, metrics in measured if name in metrics]
    return statistic([value for _, value in found], [seed for seed, _ in found])


def _seed(group: Group, seeds: Sequence[str]) -> str | None:
    """Return the seeds of a group as a text; None if it has none."""
    found = [f"{name}={value}" for name, value in parameters_of(group).items() if name in seeds]
    return " ".join(sorted(found)) or None


def parameters_of(group: Group) -> dict[str, str]:
    """Map a group's parameter names, without dashes, to their values; multiple values are joined by spaces."""
    return by_plain_name(group.args)


def _differing(rows: Sequence[Row], seeds: Sequence[str]) -> tuple[str, ...]:
    names = dict.fromkeys(name for row in rows for name in row.parameters)
    return tuple(n for n in names if n not in seeds and len({row.parameters.get(n) for row in rows}) > 1)


def _place(found: Statistic | None, direction: str) -> tuple[bool, float]:
    if found is None or math.isnan(found.mean):
        return True, 0.0
    return False, found.mean if direction == LOWER else -found.mean


def _best(rows: Sequence[Row], metrics: Sequence[str], better: Mapping[str, str]) -> dict[str, frozenset[int]]:
    """Find the best rows of every metric that has a better direction; none if there is nothing to choose from."""
    best = {}
    for name in metrics:
        if name not in better:
            continue
        places = {i: _place(row.metrics.get(name), better[name]) for i, row in enumerate(rows)}
        known = {i: place for i, place in places.items() if not place[0]}
        if len(known) > 1:
            top = min(known.values())
            best[name] = frozenset(i for i, place in known.items() if place == top)
    return best
