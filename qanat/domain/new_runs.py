"""The new runs of one experiment and their results, compared with what the same parameters gave before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qanat.domain import comparison, setting, statistics, times
from qanat.domain.circumstances import Circumstances, differing
from qanat.domain.comparison import Comparison, Row
from qanat.domain.equal_values import canonical
from qanat.domain.facts import facts_of
from qanat.domain.parameters import plain_names, shown
from qanat.domain.run import Group, Run, State, count_states
from qanat.domain.same_code import trees_of
from qanat.domain.seeds import GUESSED
from qanat.domain.setting import Parameters, Regression, key_of
from qanat.domain.statistics import Statistic

_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Failure:
    """Groups that ended badly in the same way: the state, the cause in one of them, and their number by run id."""

    state: State
    cause: str
    groups: Mapping[str, int]

    @property
    def count(self) -> int:
        """The number of groups."""
        return sum(self.groups.values())


@dataclass(frozen=True, slots=True)
class Durations:
    """How long groups took, in seconds."""

    shortest: float
    median: float
    longest: float


@dataclass(frozen=True, slots=True)
class Delta:
    """How a metric differs from before.

    `better` is None if it is not significant, no direction is better, or it would be true and groups have failed.
    """

    before: Statistic
    difference: statistics.Difference
    better: bool | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The latest groups of the other side with the same parameters, and in what they differ besides their code.

    `other_seeds` are theirs, if they are not those of the new groups; `is_snapshot` says whether their commit is a
    snapshot.
    """

    row: Row
    deltas: Mapping[str, Delta]
    other: Circumstances = field(default_factory=Circumstances)
    other_seeds: tuple[str, ...] = ()
    is_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class NewRuns:
    """The new runs of an experiment; `before` and `failed` have one item for each row of the comparison.

    `failed` are the numbers of groups of the same setting and code that have failed, so that their values are missing.
    `varying` maps the parameters that differ between groups to their values, `shared` those that do not to their value.
    `regressions` are the settings that finished before and fail now. `titles` are what a paper calls metrics.
    """

    experiment: str
    runs: tuple[Run, ...]
    varying: Mapping[str, tuple[str, ...]]
    shared: Mapping[str, str]
    states: Mapping[State, int]
    durations: Durations | None
    failures: tuple[Failure, ...]
    regressions: tuple[Regression, ...]
    results: Comparison
    before: tuple[Baseline | None, ...]
    failed: tuple[int, ...]
    directions: Mapping[str, str]
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> int:
        """The total number of groups."""
        return sum(len(run.groups) for run in self.runs)


def summarise(
    experiment: str,
    runs: Sequence[Run],
    directions: Mapping[str, str],
    others: Mapping[Parameters, Sequence[Run]],
    seeds: Sequence[str] = GUESSED,
) -> NewRuns:
    """Summarise new runs; `others` maps parameters to runs of the other side that have groups with them.

    `seeds` are the names of the parameters that only tell repetitions apart.
    """
    groups = [group for run in runs for group in run.groups]
    results = setting.pooled(runs, seeds, directions)
    values = _values(groups)
    failed = _failed_beside(results.rows, runs, seeds)
    whole = {place for place, count in enumerate(failed) if not count}
    return NewRuns(
        experiment=experiment,
        runs=tuple(runs),
        varying={name: found for name, found in values.items() if len(found) > 1},
        shared={name: value for name, value in _first(groups).items() if len(values[name]) == 1},
        states=count_states(groups),
        durations=_durations(groups),
        failures=_failures(runs),
        regressions=setting.regressions(runs, others, seeds),
        # The groups that failed might have been the worst.
        results=replace(results, best={name: places & whole for name, places in results.best.items()}),
        before=tuple(
            _before(row, runs, others.get(key_of(row.parameters, seeds), ()), directions, seeds, has_failed=count > 0)
            for row, count in zip(results.rows, failed, strict=True)
        ),
        failed=failed,
        directions=directions,
    )


def parameters_to_compare(runs: Sequence[Run], seeds: Sequence[str] = GUESSED) -> set[Parameters]:
    """Return the settings for which earlier runs are worth finding: those that measured something, or fail now."""
    measured = (g for run in runs for g in run.groups if g.state is State.FINISHED and g.metrics)
    return {key_of(comparison.parameters_of(g), seeds) for g in measured} | setting.failing(runs, seeds).keys()


def _failed_beside(rows: Sequence[Row], runs: Sequence[Run], seeds: Sequence[str]) -> tuple[int, ...]:
    """Count the latest groups of each row's setting and code that have failed."""
    by_tree: dict[str, list[Run]] = {}
    trees = trees_of([facts_of(run) for run in runs])
    for run in runs:
        by_tree.setdefault(trees[run.id], []).append(run)
    failing = {tree: setting.failing(own, seeds) for tree, own in by_tree.items()}
    latest = (failing[row.tree].get(key_of(row.parameters, seeds), {}).values() for row in rows)
    return tuple(sum(setting.has_failed(group) for _, group in groups) for groups in latest)


def _before(
    row: Row,
    runs: Sequence[Run],
    others: Sequence[Run],
    directions: Mapping[str, str],
    seeds: Sequence[str],
    *,
    has_failed: bool,
) -> Baseline | None:
    """Compare a row with the newest code of the other side that has the same parameters and a common metric."""
    key = key_of(row.parameters, seeds)
    newest_first = sorted(others, key=lambda run: (times.parse(run.created), run.number), reverse=True)
    for old in setting.pooled(newest_first, seeds).rows:
        if key_of(old.parameters, seeds) == key and old.metrics.keys() & row.metrics:
            names = [name for name in row.metrics if name in old.metrics]
            deltas = {n: _delta(row.metrics[n], old.metrics[n], directions.get(n), has_failed) for n in names}
            before = _first_run(old, others)
            other = differing(before, _first_run(row, runs))
            return Baseline(old, deltas, other, _other_seeds(old, row), before.code.snapshot)
    return None


def _other_seeds(before: Row, now: Row) -> tuple[str, ...]:
    """Return the seeds of the earlier row if they are not those of the new one."""
    theirs = [seed for seed in before.seeds if seed is not None]
    is_same = sorted(map(canonical, theirs)) == sorted(canonical(seed) for seed in now.seeds if seed is not None)
    return () if is_same else tuple(sorted(theirs, key=_as_number))


def _first_run(row: Row, runs: Sequence[Run]) -> Run:
    """Return the first run of a row; all of its runs have the same code, and so the same definitions of datasets."""
    return next(run for run in runs if run.id == row.runs[0])


def _delta(new: Statistic, old: Statistic, direction: str | None, has_failed: bool) -> Delta:
    difference = statistics.difference(new, old)
    better = difference.is_better(direction)
    # The groups that failed might have been the worst.
    return Delta(old, difference, None if better and has_failed else better)


def _values(groups: Sequence[Group]) -> dict[str, tuple[str, ...]]:
    """Map each parameter to its values in the order of numbers; one that a group does not have is empty there.

    Of several spellings of a number, the first is returned.
    """
    parameters = [comparison.parameters_of(group) for group in groups]
    names = dict.fromkeys(name for given in parameters for name in given)
    plain = plain_names(names)
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for name in names:
        for given in parameters:
            value = shown(given.get(name))
            found[name].setdefault(canonical(value), value)
    return {plain[name]: tuple(sorted(values.values(), key=_as_number)) for name, values in found.items()}


def _first(groups: Sequence[Group]) -> dict[str, str]:
    """Return the parameters of the first group by the names that they have beside those of all others."""
    if not groups:
        return {}
    plain = plain_names(name for group in groups for name in comparison.parameters_of(group))
    return {plain[name]: value for name, value in comparison.parameters_of(groups[0]).items()}


def _as_number(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _durations(groups: Sequence[Group]) -> Durations | None:
    ended = [g for g in groups if g.started and g.ended]
    taken = [s for g in ended if (s := times.seconds_between(g.started, g.ended)) is not None]
    return Durations(min(taken), _median(taken), max(taken)) if taken else None


def _median(values: Sequence[float]) -> float:
    """Return what statistics.median() does, whose module is slow to load."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _failures(runs: Sequence[Run]) -> tuple[Failure, ...]:
    """Group failures by cause, most frequent first; causes that differ only in numbers are the same."""
    found: dict[tuple[object, ...], tuple[State, str, dict[str, int]]] = {}
    for run in runs:
        for group in run.groups:
            if not group.state.ended or group.state is State.FINISHED:
                continue
            key = (group.state, group.exit_code, group.signal, _DIGITS.sub("#", group.reason))
            counts = found.setdefault(key, (group.state, setting.cause_of(group), {}))[2]
            counts[run.id] = counts.get(run.id, 0) + 1
    return tuple(sorted((Failure(*parts) for parts in found.values()), key=lambda f: -f.count))
