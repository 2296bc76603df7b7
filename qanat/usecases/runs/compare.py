"""Comparing runs by their parameters and metrics."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qanat.domain import comparison
from qanat.domain.comparison import Comparison
from qanat.domain.condition import EVERY, Condition
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.runs.rows import runs_with_matching_groups
from qanat.usecases.tracking.find import find_run
from qanat.usecases.tracking.refresh import Refreshed


def chosen_runs(
    project: Project, index: Index, refreshed: Refreshed, names: Sequence[str], condition: Condition
) -> list[Run]:
    """Return the runs with these names, each once, or all, the oldest first, without groups that a condition excludes.

    Raises the errors of find_run(), and UsageError if no group meets the condition or no run has a name in it.
    """
    found = [find_run(project, index, refreshed, name).run for name in names]
    named = {run.id: run for run in found}
    if condition == EVERY and names:
        return list(named.values())
    runs = runs_with_matching_groups(project, index, refreshed, condition, only=named.keys())[::-1]
    if not runs:
        raise UsageError("nothing to compare: no group meets the condition")
    order = list(named)
    return sorted(runs, key=lambda run: order.index(run.id)) if named else runs


def compare_runs(
    project: Project,
    runs: Sequence[Run],
    *,
    better: dict[str, str],
    group_by: str | None,
    sort: str | None,
    over: str | None = None,
    only: Sequence[str] = (),
) -> Comparison:
    """Compare runs; the better direction of a metric comes from `better` and from the runs' experiments.

    With `only`, a list of patterns as for file names, only matching metrics are in the comparison. Rows are
    distinguished by the parameter `over` even if it is a seed. Raises UsageError if no group has finished, and for
    a metric or parameter that none has.
    """
    directions = {**_directions(project, runs), **better}
    seeds = [name for name in comparison.SEEDS if over is None or name != over.lstrip("-")]
    found = comparison.compare(runs, better=directions, group_by=group_by, sort=sort, seeds=seeds)
    if not found.rows:
        raise UsageError("nothing to compare: no group of these runs has finished")
    for name in (*([] if sort is None else [sort]), *better):
        if name not in found.metrics:
            raise UsageError(f"no group has the metric {quoted(name)}", hint=_available(found.metrics))
    if group_by is not None and not any(row.parameters[group_by.lstrip("-")] for row in found.rows):
        names = {name for run in runs for group in run.groups for name in comparison.parameters_of(group)}
        raise UsageError(f"no group has the parameter {quoted(group_by)}", hint=_available(sorted(names)))
    return _with_metrics(found, only) if only else found


def _with_metrics(found: Comparison, only: Sequence[str]) -> Comparison:
    """Leave out the metrics that match no pattern. Raises UsageError for a pattern that matches none."""
    for pattern in only:
        if not fnmatch.filter(found.metrics, pattern):
            raise UsageError(f"no group has the metric {quoted(pattern)}", hint=_available(found.metrics))
    kept = tuple(name for name in found.metrics if any(fnmatch.fnmatchcase(name, pattern) for pattern in only))
    rows = (replace(row, metrics={n: s for n, s in row.metrics.items() if n in kept}) for row in found.rows)
    return replace(found, rows=tuple(rows), metrics=kept)


def as_mappings(found: Comparison) -> list[dict[str, Any]]:
    """Return the rows as plain values for JSON."""
    return [
        {
            "experiment": row.experiment,
            "runs": list(row.runs),
            "commit": row.commit,
            "groups": row.groups,
            "parameters": dict(row.parameters),
            "metrics": {
                name: {"mean": s.mean, "std": s.deviation, "n": s.count, "best": i in found.best.get(name, ())}
                for name, s in row.metrics.items()
            },
        }
        for i, row in enumerate(found.rows)
    ]


def points(found: Comparison, x: str, y: str) -> tuple[list[float], list[float], list[float]]:
    """Return x, y and the deviation of y of every row that has both; x is a parameter or a metric.

    Raises UsageError if no row has both as numbers.
    """
    xs, ys, deviations = [], [], []
    for row in found.rows:
        metric = row.metrics.get(y)
        place = row.metrics[x].mean if x in row.metrics else _number(row.parameters.get(x.lstrip("-"), ""))
        if metric is not None and place is not None and math.isfinite(place) and math.isfinite(metric.mean):
            xs.append(place)
            ys.append(metric.mean)
            deviations.append(metric.deviation or 0.0)
    if not xs:
        names = (*found.parameters, *found.metrics)
        raise UsageError(f"no row has both {quoted(x)} and {quoted(y)} as numbers", hint=_available(names))
    return xs, ys, deviations


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _directions(project: Project, runs: Sequence[Run]) -> dict[str, str]:
    directions: dict[str, str] = {}
    for name in dict.fromkeys(run.experiment for run in runs):
        try:
            for source in project.experiment(name).metrics:
                directions |= source.better
        except (InputInvalid, NotFound):
            continue
    return directions


def _available(names: Sequence[str]) -> str:
    return f"available: {', '.join(names)}" if names else "there are none"
