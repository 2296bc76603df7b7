"""Comparing runs by their parameters and metrics."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qanat.domain import comparison
from qanat.domain.against_baseline import Against, Baseline, against_baseline
from qanat.domain.compared_columns import Column, chosen_columns, sorted_by
from qanat.domain.comparison import Comparison, Grouping
from qanat.domain.condition import EVERY, METRIC, Condition, parse
from qanat.domain.experiment import Experiment
from qanat.domain.facts import Row, RunFacts
from qanat.domain.measured import split_statistic
from qanat.domain.run_columns import split_key
from qanat.domain.same_code import with_one_code
from qanat.domain.search import IsFresh, Names, asks_for_fresh
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER, LOWER
from qanat.errors import NotFound, UsageError
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.runs.experiments import directions, experiments_of
from qanat.usecases.runs.rows import current_facts, names_of, search_for
from qanat.usecases.tracking.find import find_run
from qanat.usecases.tracking.refresh import Refreshed

_RUN = re.compile(r"[0-9]+(-[0-9a-f]+)?")


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """How runs are compared: `better` maps metrics to directions, and `only` lists patterns for the metrics to show.

    `sort` has names of columns, with `-` before them for the greatest first. With `group_by`, a row has all groups with
    one value of this parameter; with `pool`, also those of several runs. `plot` has the names on the axes of a plot, x
    and y: rows are told apart by a parameter on its x axis even if that is a seed. `columns` are names or patterns, and
    none are the usual columns.
    """

    better: Mapping[str, str] = field(default_factory=dict)
    group_by: str | None = None
    sort: Sequence[str] = ()
    plot: tuple[str, str] | None = None
    only: Sequence[str] = ()
    pool: bool = False
    columns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, how it was asked for, and the definitions of the experiments that are still there.

    `better` has the direction that is better, by metric, `seeds` the names of seeds of experiments that say so, and
    `against` the rows that are compared with a baseline, by their positions. `chosen` are the columns that were asked
    for, if any.
    """

    found: Comparison
    request: CompareRequest
    experiments: Mapping[str, Experiment]
    better: Mapping[str, str]
    against: Mapping[int, Against | None]
    seeds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    chosen: Sequence[Column] = ()

    def is_baseline(self, place: int) -> bool:
        """Return whether the row at this position belongs to the baseline."""
        return place in self.against and self.against[place] is None

    def direction(self, place: int, name: str) -> str | None:
        """Return the direction of a metric that is better, by which a row is judged.

        None if the row that would be better has groups that did not finish, since these might be worse.
        """
        found, against = self.better.get(name), self.against.get(place)
        is_better = against.differences[name].is_better(found) if against and name in against.differences else None
        if against is None or is_better is None:
            return found
        winner = place if is_better else against.place
        return None if self.found.rows[winner].unfinished else found

    def verdicts(self, place: int) -> dict[str, str]:
        """Return the verdicts on the differences of a row to the baseline, by metric."""
        against = self.against.get(place)
        found = against.differences if against else {}
        return {name: difference.verdict(self.direction(place, name)) for name, difference in found.items()}


@dataclass(frozen=True, slots=True)
class ChosenRuns:
    """The facts about chosen runs, with their chosen groups only, the names that no run has, and the baseline."""

    runs: Sequence[RunFacts]
    missing: Sequence[str] = ()
    baseline: Baseline | None = None


def chosen_runs(
    project: Project,
    index: Index,
    refreshed: Refreshed,
    names: Sequence[str],
    condition: Condition,
    baseline: str | None = None,
) -> ChosenRuns:
    """Return the runs with these names, each once, or all, the oldest first, without groups that a condition excludes.

    A name that no run has is left out, unless there is no other. The baseline is a condition, or a run, which is added
    to them, as a whole if no group of it meets the condition. Raises the errors of find_run(), and UsageError if no
    group is left or no run has a name in a condition.
    """
    known = {run.id: run for run in current_facts(project, index, refreshed).values()}
    ids, missing = _ids(project, index, refreshed, names, known)
    runs = [known[run] for run in ids if run in known] if names else list(known.values())[::-1]
    meeting = _meeting(project, condition, known.values(), refreshed.is_fresh)
    runs = [met for run in runs if (met := meeting(run)).groups]
    if not runs:
        none = "there are no runs" if condition == EVERY else "no group meets the condition"
        raise UsageError(f"nothing to compare: {none}")
    if refreshed.is_fresh and asks_for_fresh(condition):
        runs = with_one_code(runs, refreshed.is_fresh)
    if baseline is None:
        return ChosenRuns(runs, missing)
    if not baseline.strip():
        raise UsageError("the baseline is empty", hint="name a run, or a condition that a row meets")
    if _RUN.fullmatch(baseline):
        whole = known[find_run(project, index, refreshed, baseline).run.id]
        run = met if (met := meeting(whole)).groups else whole
        groups = {(run.id, group.number) for group in run.groups}
        others = [other for other in runs if other.id != run.id]
        return ChosenRuns([run, *others], missing, Baseline(quoted(baseline), groups, whole=False))
    is_base = search_for(project, parse(baseline), names_of(known.values()), refreshed.is_fresh)
    groups = {(run.id, group.number) for run in runs for group in run.groups if is_base(Row(run, group))}
    return ChosenRuns(runs, missing, Baseline(quoted(baseline), groups, whole=True))


def _meeting(
    project: Project, condition: Condition, known: Collection[RunFacts], is_fresh: IsFresh | None
) -> Callable[[RunFacts], RunFacts]:
    """Return what leaves out the groups of a run that do not meet a condition; `known` are the runs of the project."""
    if condition == EVERY or not known:
        return lambda run: run
    has = search_for(project, condition, names_of(known), is_fresh)

    def meeting(run: RunFacts) -> RunFacts:
        kept = tuple(group for group in run.groups if has(Row(run, group)))
        return run if kept == run.groups else run._replace(groups=kept)

    return meeting


def _ids(
    project: Project, index: Index, refreshed: Refreshed, names: Sequence[str], known: Collection[str]
) -> tuple[dict[str, None], list[str]]:
    """Return the ids of the runs with these names, and the names of none. Raises NotFound if all are of none."""
    if not names:
        return {}, []
    numbers = Counter(run.partition("-")[0] for run in known)
    by_number = {n: run for run in known if numbers[n := run.partition("-")[0]] == 1}
    ids: dict[str, None] = {}
    missing: list[str] = []
    for name in names:
        try:
            # Only a name that is unknown or ambiguous needs a search of its own.
            ids[by_number.get(name) or find_run(project, index, refreshed, name).run.id] = None
        except NotFound:
            if len(missing) == len(names) - 1:
                raise
            missing.append(name)
    return ids, missing


def compare_runs(project: Project, chosen: ChosenRuns, request: CompareRequest) -> Compared:
    """Compare runs; their experiments say which direction of a metric is better, and which parameters are seeds.

    Raises UsageError if no group has finished, for a metric or parameter that none has, and for a direction that is
    neither higher nor lower.
    """
    for name, way in request.better.items():
        if way not in (HIGHER, LOWER):
            raise UsageError(f"better values of {quoted(name)} are {HIGHER} or {LOWER}, not {quoted(str(way))}")
    runs = chosen.runs
    experiments = experiments_of(project, (run.experiment for run in runs))
    names = names_of(runs)
    grouping = Grouping(
        by=_parameter(request.group_by, names) if request.group_by is not None else None,
        pool=request.pool,
        seeds={name: e.seeds for name, e in experiments.items() if e.seeds is not None},
        over=next(iter(names.parameters_named(request.plot[0])), None) if request.plot else None,
    )
    sorting = (split_key(key)[0] for key in request.sort)
    also = _of_curves(names, (*request.only, *sorting, *request.columns, *request.better, *(request.plot or ())))
    said = {**directions(experiments.values()), **request.better}
    better = {**_directions_of_curves(also, said), **said}
    found = comparison.compare(runs, better=better, grouping=grouping, also=also)
    if not found.rows:
        raise UsageError("nothing to compare: no group of these runs has finished")
    for name in request.better:
        if name not in found.metrics:
            raise UsageError(f"no group has the metric {quoted(name)}", hint=available(found.metrics))
    found = sorted_by(found, request.sort, names, better)
    _check_left(request, found, names)
    found = _with_metrics(found, request.only) if request.only else found
    against = against_baseline(found, chosen.baseline, grouping.seeds) if chosen.baseline else {}
    columns = chosen_columns(request.columns, found, names)
    return Compared(found, request, experiments, better, against, grouping.seeds, columns)


def _of_curves(names: Names, wanted: Iterable[str]) -> list[str]:
    """Return what curves came to, such as loss.min, that is asked for by its name or by a pattern with a dot."""
    patterns = [text.removeprefix(METRIC) for text in wanted if "." in text]
    return [name for name in names.statistics() if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def _directions_of_curves(also: Iterable[str], directions: Mapping[str, str]) -> dict[str, str]:
    """Map what curves came to, but for the number of steps, to the direction that is better for the curve."""
    parts = {name: split_statistic(name) for name in also if not name.endswith(".count")}
    return {name: directions[curve] for name, (curve, _) in parts.items() if curve in directions}


def _parameter(name: str, names: Names) -> str:
    """Return the parameter with this name. Raises UsageError if there is none, or several without dashes."""
    found = names.parameters_named(name)
    if not found:
        raise UsageError(f"no group has the parameter {quoted(name)}", hint=available(sorted(names.plain)))
    if len(found) > 1:
        raise UsageError(f"{quoted(name)} is ambiguous: {' and '.join(found)}", hint="write it with its dashes")
    return found[0]


def _check_left(request: CompareRequest, found: Comparison, names: Names) -> None:
    """Raise UsageError for a column that is a metric which no pattern of --metric matches."""
    for column in request.columns if request.only else ():
        name = column.removeprefix(METRIC)
        is_metric = name in found.metrics and (column != name or not names.parameters_named(name))
        if is_metric and not any(fnmatch.fnmatchcase(name, pattern) for pattern in request.only):
            raise UsageError(f"--metric leaves out the column {quoted(column)}", hint="leave out --metric")


def _with_metrics(found: Comparison, only: Sequence[str]) -> Comparison:
    """Leave out the metrics that match no pattern. Raises UsageError for a pattern that matches none."""
    for pattern in only:
        if not fnmatch.filter(found.metrics, pattern):
            raise UsageError(f"no group has the metric {quoted(pattern)}", hint=available(found.metrics))
    kept = tuple(name for name in found.metrics if any(fnmatch.fnmatchcase(name, pattern) for pattern in only))
    rows = (replace(row, metrics={n: s for n, s in row.metrics.items() if n in kept}) for row in found.rows)
    return replace(found, rows=tuple(rows), metrics=kept)


def available(names: Sequence[str]) -> str:
    """Return the hint that lists names."""
    return f"available: {', '.join(names)}" if names else "there are none"
