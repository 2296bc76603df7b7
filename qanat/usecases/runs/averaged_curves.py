"""Curves of the rows of a comparison over their steps: means over the groups of a row, with their spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qanat.domain.comparison import Comparison, Row
from qanat.domain.curves import Curve
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.long_work import tracked
from qanat.domain.metric_problems import sentences
from qanat.domain.parameters import in_plain
from qanat.domain.run import State
from qanat.domain.statistics import Statistic, statistic
from qanat.errors import UsageError
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.runs.compare import ChosenRuns, Compared, CompareRequest, compare_runs
from qanat.usecases.runs.experiments import experiments_of, metric_titles
from qanat.usecases.runs.overlaid_curves import CURVES_MAX, Curves, Overlay, PlottedCurve, overlaid, thinned
from qanat.usecases.tracking.refresh import Refreshed


def averages(project: Project, chosen: ChosenRuns, request: CompareRequest) -> Compared | None:
    """Return the comparison over whose rows curves are averaged; None where no group has finished."""
    is_any_finished = any(group.state == State.FINISHED for run in chosen.runs for group in run.groups)
    return compare_runs(project, chosen, request) if is_any_finished else None


def curves(
    project: Project, index: Index, refreshed: Refreshed, chosen: ChosenRuns, compared: Compared | None, name: str
) -> Overlay:
    """Return the curves called name of the rows of a comparison, or of all groups; errors as for averaged()."""
    if compared is None:
        return overlaid(project, index, refreshed, chosen.runs, name)
    return averaged(project, index, refreshed, chosen.runs, compared.found, name)


def titles_of(project: Project, chosen: ChosenRuns) -> dict[str, str]:
    """Map the metrics of runs to their titles for a paper."""
    return metric_titles(experiments_of(project, (run.experiment for run in chosen.runs)).values())


def averaged(
    project: Project,
    index: Index,
    refreshed: Refreshed,
    runs: Sequence[RunFacts],
    found: Comparison,
    name: str,
) -> Overlay:
    """Return the curves called name of the rows of a comparison of these runs.

    A mean has the steps that all of its groups have. Raises UsageError if the groups of a row have no step in common,
    and as overlaid() does.
    """
    groups = {(run.id, group.number): (run, group) for run in runs for group in run.groups}
    reader = Curves.of(project, index, refreshed, name)
    drawn: list[PlottedCurve] = []
    more = cut = 0
    for row in tracked(found.rows, "rows looked at for curves"):
        members = [groups[member] for member in row.members]
        if len(drawn) == CURVES_MAX:
            more += any(name in group.curves for _, group in members)
            continue
        read = [curve for run, group in members if (curve := reader.read(run, group))]
        if read:
            plotted, left_out = _mean(read, _label_of(row, found, reader, members), row)
            drawn.append(plotted)
            cut += left_out
    reader.check(drawn, [groups[member] for row in found.rows for member in row.members])
    problems = sentences(reader.problems, are_all=not (more or reader.large))
    return Overlay(drawn, more, reader.missing, reader.large, problems, cut)


def _label_of(
    row: Row, found: Comparison, reader: Curves, members: Sequence[tuple[RunFacts, GroupFacts]]
) -> tuple[int, int | None, Mapping[str, str], Sequence[int]]:
    """Return the run of a row, the group if it has a single one of several, its parameters, and its other runs."""
    first, *others = (int(run.partition("-")[0]) for run in row.runs)
    run, group = members[0]
    is_single = len(members) == 1 and len(reader.find(run.id).run.groups) > 1
    given = {name: row.parameters[name] for name in found.parameters if name in row.parameters}
    return first, group.number if is_single else None, in_plain(given), others


def _mean(
    curves: Sequence[Curve], label: tuple[int, int | None, Mapping[str, str], Sequence[int]], row: Row
) -> tuple[PlottedCurve, int]:
    """Return the mean of curves, and how many steps not all of them have."""
    steps, values = _common(curves)
    if not steps:
        runs = ", ".join(run.partition("-")[0] for run in row.runs)
        raise UsageError(f"curves of run {runs} have no step in common", hint="--each draws the curve of each group")
    points = [point for point in zip(steps, values, strict=True) if all(map(math.isfinite, point[1]))]
    kept: list[tuple[float, Statistic]] = [(step, statistic(several)) for step, several in thinned(points)]
    run, group, parameters, others = label
    plotted = PlottedCurve(
        run,
        group,
        parameters,
        [step for step, _ in kept],
        [found.mean for _, found in kept],
        len(steps) - len(points),
        [found.deviation or 0.0 for _, found in kept] if len(curves) > 1 else (),
        len(curves),
        others,
    )
    return plotted, len({step for curve in curves for step in curve.steps}) - len(steps)


def _common(curves: Sequence[Curve]) -> tuple[Sequence[float], Sequence[Sequence[float]]]:
    """Return the steps that all curves have, and for each the values of all curves."""
    first, *others = curves
    if all(curve.steps == first.steps for curve in others):
        return first.steps, [*zip(*(curve.values for curve in curves), strict=True)]
    by_step = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    steps = [step for step in first.steps if all(step in known for known in by_step[1:])]
    return steps, [[known[step] for known in by_step] for step in steps]
