"""Comparing runs: their metrics and the parameters in which they differ, side by side.

Groups that differ only in the seed form one row, with the mean and standard deviation over them. Values are the same if
they are the same numbers, and a row shows the spelling of its first group.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qanat.domain.data import data_differ
from qanat.domain.equal_values import canonical, canonical_parameters
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.parameters import texts_by_name
from qanat.domain.run import Group, State
from qanat.domain.same_code import trees_of
from qanat.domain.samples import Member, counted, has_finished, repeated_runs
from qanat.domain.seeds import GUESSED, is_seed, seed_of, without_seeds
from qanat.domain.statistics import LOWER, Statistic, statistic


@dataclass(frozen=True, slots=True)
class Row:
    """Groups that are compared as one: the runs they belong to, parameters and metrics.

    `parameters`, named as typed, are those of the first group, or only the one by which rows are grouped. `commits` are
    those of the runs, each once, and `tree` stands for their code (domain.same_code). `members` are ids of runs and
    numbers of groups. `repeated` are those of finished groups that do not count, since another one is the same sample
    (domain.samples); `unfinished` are those of samples that did not finish. `mixed` are the parameters other than seeds
    in which groups of the row differ, which only grouping by a parameter allows.
    """

    experiment: str
    runs: tuple[str, ...]
    commits: tuple[str, ...]
    tree: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, Statistic]
    seeds: tuple[str | None, ...]
    members: tuple[tuple[str, int], ...]
    repeated: tuple[tuple[str, int], ...] = ()
    unfinished: tuple[tuple[str, int], ...] = ()
    mixed: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        """The commit of the first run."""
        return self.commits[0]

    @property
    def groups(self) -> int:
        """The number of groups that count."""
        return len(self.members)

    @property
    def without_seed(self) -> int:
        """How many groups have no seed beside others that have one; the default of a program is not known."""
        count = self.seeds.count(None)
        return count if count < len(self.seeds) else 0


@dataclass(frozen=True, slots=True)
class Absent:
    """A setting of which no group finished, so that it has no row, with the parameters that tell it from rows."""

    experiment: str
    runs: tuple[str, ...]
    parameters: Mapping[str, str]
    groups: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows, the parameters in which they differ (or by which they are grouped), the metrics, and the best rows.

    `best` maps each metric that has a better direction to the positions of its best rows. `seeds` are the parameters
    that were taken for seeds, by experiment. `absent` are the settings of the same runs that have no row.
    """

    rows: tuple[Row, ...]
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    best: Mapping[str, frozenset[int]]
    seeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which groups form a row: those of one run that differ only in seeds or, with `by`, have one value of it.

    With `pool`, rows have groups of several runs of the same code, whose data do not certainly differ. `seeds` maps
    experiments to the names of their seeds, if these are not GUESSED. `over` is a parameter that tells rows apart even
    if it is a seed.
    """

    by: str | None = None
    pool: bool = False
    seeds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    over: str | None = None

    def seeds_of(self, experiment: str) -> Sequence[str]:
        """Return the names of the seeds of an experiment."""
        return self.seeds.get(experiment, GUESSED)

    def key(self, run: RunFacts, group: GroupFacts) -> tuple[object, ...]:
        """Return what the groups of a row have in common, apart from code and data."""
        common = (run.experiment, None if self.pool else run.id)
        if self.by is not None:
            value = group.parameters.get(self.by)
            return (*common, None if value is None else canonical(value))
        kept = without_seeds(group.parameters, self.seeds_of(run.experiment))
        if self.over is not None and self.over in group.parameters:
            kept[self.over] = group.parameters[self.over]
        return (*common, *canonical_parameters(kept))


def compare(
    runs: Iterable[RunFacts],
    *,
    better: Mapping[str, str],
    grouping: Grouping | None = None,
    also: Sequence[str] = (),
) -> Comparison:
    """Compare the finished groups of runs; `also` names what curves came to, such as loss.min, as further metrics.

    Rows come in the order of the runs. `better` maps metrics to higher or lower. Groups that are the same sample count
    once (domain.samples).
    """
    grouping, runs = grouping or Grouping(), list(runs)
    repeats = repeated_runs(runs)
    compared = [run for run in runs if any(group.state == State.FINISHED for group in run.groups)]
    trees = trees_of(compared)
    alike = _alike_groups(compared, grouping, trees)
    rows = [_row(found, grouping, also, trees, repeats) for found in alike if any(map(has_finished, found))]
    metrics = tuple(dict.fromkeys(name for row in rows for name in row.metrics))
    parameters = (grouping.by,) if grouping.by is not None else _differing(rows, grouping)
    finished = [(run, group) for run in compared for group in run.groups if group.state == State.FINISHED]
    without_row = [_absent(found, grouping, repeats) for found in alike if not any(map(has_finished, found))]
    names = parameters if grouping.by is not None else _differing([*rows, *without_row], grouping)
    absent = tuple(replace(one, parameters=_only(names, one.parameters)) for one in without_row)
    return Comparison(
        tuple(rows), parameters, metrics, _best(rows, metrics, better), _seeds(finished, grouping), absent
    )


def pools_of(runs: Sequence[RunFacts]) -> dict[str, tuple[str, int]]:
    """Map the ids of runs to what those share whose groups can form a row: a tree for their code, a number for data."""
    compared = [run for run in runs if any(group.state == State.FINISHED for group in run.groups)]
    trees, data = trees_of(compared), _alike_data(compared)
    return {run.id: (trees[run.id], data[run.id]) for run in compared}


def _alike_groups(runs: Sequence[RunFacts], grouping: Grouping, trees: Mapping[str, str]) -> list[list[Member]]:
    """Return the groups, finished or not, that can form a row."""
    on_data = _alike_data(runs) if grouping.pool else {}
    members: dict[tuple[object, ...], list[Member]] = {}
    for run in runs:
        shared = trees[run.id], on_data.get(run.id)
        for group in run.groups:
            members.setdefault((*grouping.key(run, group), shared), []).append((run, group))
    return list(members.values())


def _absent(found: Sequence[Member], grouping: Grouping, repeats: Mapping[str, str]) -> Absent:
    first, group = found[0]
    _, unfinished = counted(found, grouping.seeds_of(first.experiment), repeats)
    runs = dict.fromkeys(run.id for run, _ in unfinished)
    return Absent(first.experiment, tuple(runs), group.parameters, len(unfinished))


def _only(names: Iterable[str], parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: parameters[name] for name in names if name in parameters}


def _alike_data(runs: Iterable[RunFacts]) -> dict[str, int]:
    """Map the ids of runs to a number that those share whose data do not certainly differ from the first of them."""
    first: list[RunFacts] = []
    known: dict[tuple[object, ...], int] = {}
    found = {}
    for run in runs:
        text = (run.experiment, repr(run.datasets), repr(run.states))
        if text not in known:
            alike = (n for n, other in enumerate(first) if not data_differ(other, run))
            known[text] = next(alike, len(first))
            first += [run] if known[text] == len(first) else []
        found[run.id] = known[text]
    return found


def _seeds(finished: Sequence[Member], grouping: Grouping) -> dict[str, tuple[str, ...]]:
    """Map experiments to the parameters of their groups that are seeds and do not tell rows apart."""
    found: dict[str, dict[str, str]] = {}
    for run, group in finished:
        found.setdefault(run.experiment, {}).update(group.parameters)
    named = {
        experiment: [n for n in names if is_seed(n, seeds) and n not in (grouping.by, grouping.over)]
        for experiment, names in found.items()
        for seeds in [grouping.seeds_of(experiment)]
    }
    return {experiment: tuple(names) for experiment, names in named.items() if names}


def _row(
    found: Sequence[Member],
    grouping: Grouping,
    also: Sequence[str],
    trees: Mapping[str, str],
    repeats: Mapping[str, str],
) -> Row:
    finished = [member for member in found if has_finished(member)]
    first, group = finished[0]
    seeds = grouping.seeds_of(first.experiment)
    members, unfinished = counted(found, seeds, repeats)
    by = grouping.by
    parameters = group.parameters if by is None else {n: v for n, v in group.parameters.items() if n == by}
    measured = [(seed_of(group.parameters, seeds), _metrics(group, also)) for _, group in members]
    names = dict.fromkeys(name for _, metrics in measured for name in metrics)
    names_counted, of_members = dict.fromkeys(map(_name, members)), {run.id for run, _ in members}
    counting = {run.id: run for run, _ in finished if run.id in of_members}
    return Row(
        experiment=first.experiment,
        runs=tuple(counting),
        commits=tuple(dict.fromkeys(run.commit for run in counting.values())),
        tree=trees[first.id],
        parameters=parameters,
        metrics={name: _statistic(name, measured) for name in names},
        seeds=tuple(seed for seed, _ in measured),
        members=tuple(names_counted),
        repeated=tuple(member for member in map(_name, finished) if member not in names_counted),
        unfinished=tuple(map(_name, unfinished)),
        mixed=() if by is None else tuple(name for name in _mixed(members, seeds) if name != by),
    )


def _mixed(members: Sequence[Member], seeds: Collection[str]) -> tuple[str, ...]:
    """Return the parameters other than seeds in which groups differ."""
    given = [dict(canonical_parameters(without_seeds(group.parameters, seeds))) for _, group in members]
    names = dict.fromkeys(name for values in given for name in values)
    return tuple(name for name in names if len({values.get(name) for values in given}) > 1)


def _metrics(group: GroupFacts, also: Sequence[str]) -> Mapping[str, float]:
    of_curves = {name: value for name in also if (value := group.metric(name)) is not None}
    return {**group.metrics, **of_curves} if of_curves else group.metrics


def _name(member: Member) -> tuple[str, int]:
    run, group = member
    return run.id, group.number


def _statistic(name: str, measured: Sequence[tuple[str | None, Mapping[str, float]]]) -> Statistic:
    found = [(seed, metrics[name]) for seed, metrics in measured if name in metrics]
    return statistic([value for _, value in found], [seed for seed, _ in found])


def parameters_of(group: Group) -> dict[str, str]:
    """Map a group's parameters, named as typed, to their values; several values of one are joined by spaces."""
    return texts_by_name(group.args)


def _differing(rows: Sequence[Row | Absent], grouping: Grouping) -> tuple[str, ...]:
    names = dict.fromkeys(
        name
        for experiment, name in dict.fromkeys((row.experiment, name) for row in rows for name in row.parameters)
        if name == grouping.over or not is_seed(name, grouping.seeds_of(experiment))
    )
    return tuple(name for name in names if _differ(row.parameters.get(name) for row in rows))


def _differ(values: Iterable[str | None]) -> bool:
    return len({value if value is None else canonical(value) for value in set(values)}) > 1


def _place(found: Statistic, direction: str) -> tuple[bool, float]:
    if math.isnan(found.mean):
        return True, 0.0
    return False, found.mean if direction == LOWER else -found.mean


def _best(rows: Sequence[Row], metrics: Sequence[str], better: Mapping[str, str]) -> dict[str, frozenset[int]]:
    """Find the best rows of every metric that has a better direction; none if there is nothing to choose from.

    A row with NaN is never best. There is no best among single values beside means of several, which chance has a
    smaller part in, and none where the groups of the first row have not all finished: the others might be worse.
    """
    best = {}
    for name in metrics:
        found = {i: row.metrics[name] for i, row in enumerate(rows) if name in row.metrics}
        are_alike = len({s.count > 1 for s in found.values()}) == 1
        if name not in better or len(found) < 2 or not are_alike:
            continue
        places = {i: _place(s, better[name]) for i, s in found.items()}
        top = min(places.values())
        if not top[0]:
            best[name] = frozenset(i for i, place in places.items() if place == top and not rows[i].unfinished)
    return best
