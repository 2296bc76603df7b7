"""Curves of several groups over their steps, for one plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from qanat.domain import measured
from qanat.domain.curves import Curve
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.long_work import tracked
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
from qanat.usecases.runs.newest_values import newest_of_group
from qanat.usecases.runs.whole_curves import curves_of, size_bytes
from qanat.usecases.tracking.find import Found, find_run
from qanat.usecases.tracking.refresh import Refreshed
from qanat.usecases.tracking.settle import metric_sources

CURVES_MAX = 8
POINTS_MAX = 2_000
# Of all files that a plot reads, which takes some seconds.
BYTES_MAX = 256 * 2**20

T = TypeVar("T")
_FROM_FILES = "curves are drawn from the files of a run"
_WHOLE = "qanat metrics RUN --csv prints them"


@dataclass(frozen=True, slots=True)
class PlottedCurve:
    """The finite values of a curve, at most POINTS_MAX, and how many of the others it has.

    The parameters are those that tell its group from the others; `group` is None in a run that has no other. A mean of
    `count` groups has `deviations`, and `also` the other runs of these groups.
    """

    run: int
    group: int | None
    parameters: Mapping[str, str]
    steps: Sequence[float]
    values: Sequence[float]
    not_finite: int
    deviations: Sequence[float] = ()
    count: int = 1
    also: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """The curves for a plot, and how many more there are.

    `missing` counts the groups without results here, `large` those that would take the files of the plot above
    BYTES_MAX. `problems` are what is wrong with the files of the curves, a sentence each. `cut` counts the steps that
    not all groups of a mean have.
    """

    curves: Sequence[PlottedCurve]
    more: int
    missing: int
    large: int = 0
    problems: Sequence[str] = ()
    cut: int = 0


def is_over_steps(x: str, runs: Sequence[RunFacts]) -> bool:
    """Return whether a plot over x is one of curves: over `step`, unless a group has a parameter of this name."""
    return x == STEP and not any(name.lstrip("-") == STEP for run in runs for g in run.groups for name in g.parameters)


@dataclass(slots=True)
class Curves:
    """Reads the curves of a name for one plot, and counts what it cannot read; see Overlay."""

    project: Project
    find: Callable[[str], Found]
    name: str
    missing: int = 0
    large: int = 0
    problems: list[MetricProblem] = field(default_factory=list)
    _left_bytes: int = field(default_factory=lambda: BYTES_MAX)

    @classmethod
    def of(cls, project: Project, index: Index, refreshed: Refreshed, name: str) -> Curves:
        """Return a reader of curves of this name."""
        return cls(project, cache(lambda run_id: find_run(project, index, refreshed, run_id)), name)

    def read(self, run: RunFacts, group: GroupFacts, *, wanted: bool = True) -> Curve | None:
        """Return the curve of a group; None if it is not `wanted`, or there is none, or none that can be read."""
        found = self.find(run.id)
        folder, sources = found.group_folder(group.number), metric_sources(self.project, found.run)
        if not files.is_folder(folder):
            self.missing += 1
            return None
        if not wanted or not _may_have(group, self.name):
            return None
        if (size := size_bytes(folder, sources)) > self._left_bytes:
            self.large += 1
            return None
        self._left_bytes -= size
        read, wrong = curves_of(found.run.groups[group.number], folder, sources, {self.name})
        self.problems += wrong if self.name in read else []
        return read.get(self.name)

    def check(self, curves: Sequence[PlottedCurve], chosen: Sequence[tuple[RunFacts, GroupFacts]]) -> None:
        """Raise UsageError if there is nothing to draw of these groups."""
        name = quoted(self.name)
        if not curves and self.missing == len(chosen):
            raise UsageError("the results of these runs are not here", hint=_FROM_FILES)
        if not curves and self.large:
            raise UsageError(f"the files of the curve {name} are too large for a plot", hint=_WHOLE)
        if not curves:
            first = chosen[:CURVES_MAX]
            known = {n for run, g in first for n in _names(self.project, self.find(run.id), g)}
            if self.name in known:
                raise UsageError(f"the curve {name} is no longer in the files of these runs", hint=_FROM_FILES)
            raise _absent(self.name, known)
        if not any(curve.values for curve in curves):
            raise UsageError(f"the curve {name} has no finite value", hint="qanat metrics RUN shows its values")


def overlaid(project: Project, index: Index, refreshed: Refreshed, runs: Sequence[RunFacts], name: str) -> Overlay:
    """Return the curves called name of these groups, also of active ones.

    Raises UsageError if no group has such a curve, with the nearest names, or if none has a finite value.
    """
    chosen = [(run, group) for run in runs for group in run.groups]
    varied = varying([(run.experiment, in_plain(group.parameters)) for run, group in chosen])
    reader = Curves.of(project, index, refreshed, name)
    curves: list[PlottedCurve] = []
    more = 0
    pairs = [*zip(chosen, varied, strict=True)]
    for (run, group), parameters in tracked(pairs, "groups looked at for curves"):
        is_full, missing = len(curves) == CURVES_MAX, reader.missing
        if curve := reader.read(run, group, wanted=not is_full):
            number = group.number if len(reader.find(run.id).run.groups) > 1 else None
            curves.append(_plotted(curve, run.number, number, parameters))
        elif is_full and reader.missing == missing:
            more += name in group.curves
    reader.check(curves, chosen)
    problems = sentences(reader.problems, are_all=not (more or reader.large))
    return Overlay(curves, more, reader.missing, reader.large, problems)


def _may_have(group: GroupFacts, name: str) -> bool:
    """Return whether a group may have a curve of this name: its record has none, this one, or only the first."""
    return name in group.curves or len(group.curves) in (0, measured.CURVES_MAX)


def _names(project: Project, found: Found, group: GroupFacts) -> Collection[str]:
    """Return the names of the curves of a group, without reading all of their files."""
    end = newest_of_group(found.group_folder(group.number), metric_sources(project, found.run))
    return {*group.curves, *(end.values if end else ())}


def _plotted(curve: Curve, run: int, group: int | None, parameters: Mapping[str, str]) -> PlottedCurve:
    points = [point for point in zip(curve.steps, curve.values, strict=True) if math.isfinite(point[1])]
    kept = thinned(points)
    steps, values = [step for step, _ in kept], [value for _, value in kept]
    return PlottedCurve(run, group, parameters, steps, values, len(curve.steps) - len(points))


def thinned(points: Sequence[T]) -> list[T]:
    """Return at most POINTS_MAX of these points: evenly spaced, with the first and the last."""
    count = min(len(points), POINTS_MAX)
    return [points[place * (len(points) - 1) // max(1, count - 1)] for place in range(count)]


def _absent(name: str, others: Collection[str]) -> UsageError:
    close = " or ".join(map(quoted, nearest(name, others)))
    hint = f"did you mean {close}?" if close else "qanat metrics RUN shows the curves of a run"
    return UsageError(f"no group has the curve {quoted(name)}", hint=hint)
