"""Curves of several groups over their steps, for one plot."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from qanat.domain.curves import Curve
from qanat.domain.facts import RunFacts
from qanat.domain.metric_problems import MetricProblem, sentences
from qanat.domain.names import nearest
from qanat.domain.parameters import in_plain
from qanat.domain.series import STEP
from qanat.domain.shortening import quoted
from qanat.domain.varying import varying
from qanat.errors import UsageError
from qanat.records.index import Index
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.runs.whole_curves import curves_of
from qanat.usecases.tracking.find import Found, find_run
from qanat.usecases.tracking.refresh import Refreshed
from qanat.usecases.tracking.settle import metric_sources

CURVES_MAX = 8
POINTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class PlottedCurve:
    """The finite values of a curve, at most POINTS_MAX, and how many of the others it has.

    The parameters are those that tell its group from the others; `group` is None in a run that has no other.
    """

    run: int
    group: int | None
    parameters: Mapping[str, str]
    steps: Sequence[float]
    values: Sequence[float]
    not_finite: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """The curves for a plot, and how many more there are; `missing` counts the groups without results here.

    `problems` are what is wrong with the files of the curves, a sentence each.
    """

    curves: Sequence[PlottedCurve]
    more: int
    missing: int
    problems: Sequence[str] = ()


def is_over_steps(x: str, runs: Sequence[RunFacts]) -> bool:
    """Return whether a plot over x is one of curves: over `step`, unless a group has a parameter of this name."""
    return x == STEP and not any(name.lstrip("-") == STEP for run in runs for g in run.groups for name in g.parameters)


def overlaid(project: Project, index: Index, refreshed: Refreshed, runs: Sequence[RunFacts], name: str) -> Overlay:
    """Return the curves called name of these groups, also of active ones.

    Raises UsageError if no group has such a curve, with the nearest names, or if none has a finite value.
    """
    chosen = [(run, group) for run in runs for group in run.groups]
    varied = varying([(run.experiment, in_plain(group.parameters)) for run, group in chosen])
    find = cache(lambda run_id: find_run(project, index, refreshed, run_id))
    curves: list[PlottedCurve] = []
    problems: list[MetricProblem] = []
    more = missing = 0
    for (run, group), parameters in zip(chosen, varied, strict=True):
        found: Found = find(run.id)
        if not files.is_folder(found.group_folder(group.number)):
            missing += 1
            continue
        if len(curves) == CURVES_MAX:
            more += name in group.curves
            continue
        read, wrong = _curves(project, found, group.number, {name})
        if curve := read.get(name):
            number = group.number if len(found.run.groups) > 1 else None
            curves.append(_plotted(curve, run.number, number, parameters))
            problems += wrong
    if not curves and missing == len(chosen):
        raise UsageError("the results of these runs are not here", hint="curves are drawn from the files of a run")
    if not curves:
        first = chosen[:CURVES_MAX]
        raise _absent(name, {n for run, group in first for n in _curves(project, find(run.id), group.number, None)[0]})
    if not any(curve.values for curve in curves):
        raise UsageError(f"the curve {quoted(name)} has no finite value", hint="qanat metrics RUN shows its values")
    return Overlay(curves, more, missing, sentences(problems, are_all=not more))


def _curves(
    project: Project, found: Found, number: int, names: Collection[str] | None
) -> tuple[dict[str, Curve], list[MetricProblem]]:
    folder = found.group_folder(number)
    if not files.is_folder(folder):
        return {}, []
    return curves_of(found.run.groups[number], folder, metric_sources(project, found.run), names)


def _plotted(curve: Curve, run: int, group: int | None, parameters: Mapping[str, str]) -> PlottedCurve:
    points = [point for point in zip(curve.steps, curve.values, strict=True) if math.isfinite(point[1])]
    count = min(len(points), POINTS_MAX)
    # Evenly spaced, with the first and the last.
    kept = [points[place * (len(points) - 1) // max(1, count - 1)] for place in range(count)]
    steps, values = [step for step, _ in kept], [value for _, value in kept]
    return PlottedCurve(run, group, parameters, steps, values, len(curve.steps) - len(points))


def _absent(name: str, others: Collection[str]) -> UsageError:
    close = " or ".join(map(quoted, nearest(name, others)))
    hint = f"did you mean {close}?" if close else "qanat metrics RUN shows the curves of a run"
    return UsageError(f"no group has the curve {quoted(name)}", hint=hint)
