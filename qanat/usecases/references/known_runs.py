"""The runs that references name or choose: all that is known of them, read once for all references."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from qanat.domain.condition import METRIC, Condition, Fresh, all_of, written
from qanat.domain.experiment import Experiment
from qanat.domain.facts import GroupFacts, Row, RunFacts
from qanat.domain.measured import split_statistic
from qanat.domain.reference import OfBest, OfMean, OfRun, pin
from qanat.domain.run import State
from qanat.domain.run_columns import Column, chosen_columns
from qanat.domain.same_code import with_one_code
from qanat.domain.search import FreshnessUnknown, Names, asks_for_fresh
from qanat.domain.shortening import quoted
from qanat.domain.statistics import LOWER
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records.index import Index
from qanat.usecases.launch.freshness import Freshness
from qanat.usecases.project import Project
from qanat.usecases.runs.experiments import experiments_of
from qanat.usecases.runs.rows import current_facts, names_of, search_for
from qanat.usecases.tracking.refresh import Refreshed


class RunGone(NotFound):
    """A text names a run that does not exist, or no longer."""


class NoneMeets(UsageError):
    """No run meets the condition of a reference."""


@dataclass(frozen=True)
class KnownRuns:
    """All runs of a project as they are now, by their ids, the oldest first; `paths` are those of their records.

    Without `freshness`, nobody asks which of them are fresh, and conditions that do cannot be answered.
    """

    project: Project
    index: Index
    refreshed: Refreshed
    runs: Mapping[str, RunFacts]
    paths: Mapping[str, str]
    freshness: Freshness | None = None
    _columns: dict[str, Column] = field(default_factory=dict)
    _best: dict[tuple[str, Condition, str], Row] = field(default_factory=dict)
    _experiments: dict[str, Experiment | None] = field(default_factory=dict)
    _fresh: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, index: Index, refreshed: Refreshed, freshness: Freshness | None = None) -> KnownRuns:
        """Read the index, once."""
        refreshed = replace(refreshed, is_fresh=freshness.is_certainly_fresh if freshness else None)
        found = [*current_facts(project, index, refreshed).items()][::-1]
        return cls(
            project,
            index,
            refreshed,
            {run.id: run for _, run in found},
            {run.id: path for path, run in found},
            freshness,
        )

    @cached_property
    def names(self) -> Names:
        """What conditions and references can name."""
        return names_of(self.runs.values())

    @cached_property
    def _by_number(self) -> dict[int, list[RunFacts]]:
        found: dict[int, list[RunFacts]] = {}
        for run in self.runs.values():
            found.setdefault(run.number, []).append(run)
        return found

    def row(self, target: OfRun) -> Row:
        """Return the run or the group that a reference names. Raises RunGone, and UsageError if it is ambiguous."""
        meant = [run for run in self._by_number.get(target.number, ()) if target.uid in ("", run.uid)]
        if not meant:
            others = self._by_number.get(target.number, ())
            hint = f"run {others[0].id} of {others[0].experiment} has this number" if others else ""
            self.check_readable(target.number, target.uid)
            raise RunGone(f"run {target.run} does not exist", hint=hint or "it was deleted, or is on another branch")
        if len(meant) > 1:
            ids = " and ".join(f"{run.id} of {run.experiment}" for run in meant)
            raise UsageError(f"run number {target.number} is ambiguous: {ids}", hint="use the full id")
        return Row(meant[0], None if target.group is None else self.group(meant[0], target.group))

    def check_readable(self, number: int, uid: str) -> None:
        """Raise InputInvalid if a run that is not among these has a record that cannot be read."""
        if problem := self.index.problem_of(number, uid or None):
            hint = "undo the damage: git restore -- FILE; or see: qanat validate"
            raise InputInvalid(problem, hint=hint)

    def group(self, run: RunFacts, number: int) -> GroupFacts:
        """Return a group of a run. Raises UsageError if it has none with this number."""
        for group in run.groups:
            if group.number == number:
                return group
        raise UsageError(f"run {run.number} has no group {number}", hint=f"its groups are 0 to {len(run.groups) - 1}")

    def column(self, name: str) -> Column:
        """Return the column of tables that a name stands for. Raises UsageError if no run has it."""
        if name not in self._columns:
            self._columns[name] = chosen_columns([name], self.names)[0]
        return self._columns[name]

    def experiment(self, name: str) -> Experiment | None:
        """Return an experiment; None if it is no longer defined, or invalid."""
        if name not in self._experiments:
            self._experiments[name] = experiments_of(self.project, [name]).get(name)
        return self._experiments[name]

    def unit(self, experiment: str, metric: str) -> str:
        """Return the unit of a metric, or of what its curve came to. Raises UsageError if it has none."""
        curve, which = split_statistic(metric)
        names = (metric, curve) if which != "count" else (metric,)
        known = self.experiment(experiment)
        for source in known.metrics if known else ():
            if found := next((source.unit[name] for name in names if name in source.unit), ""):
                return found
        raise UsageError(
            f"{metric} has no unit", hint=f"qanat experiment update {experiment} --unit '{metric}=UNIT', or no unit"
        )

    # ---- what conditions choose

    def meeting(self, condition: Condition) -> Iterator[Row]:
        """Yield the finished groups that meet a condition, in the order of their runs. Raises UsageError."""
        if not self.runs:
            return
        meets = search_for(self.project, condition, self.names, self.refreshed.is_fresh)
        for run in self.runs.values():
            for group in run.groups:
                if group.state == State.FINISHED and meets(Row(run, group)):
                    yield Row(run, group)

    def best(self, target: OfBest, better: str = "") -> Row:
        """Return the group with the best value of a metric, the first of several that are equal. Raises UsageError."""
        metric = self.metric(target.metric)
        key = metric, target.condition, better
        if key not in self._best:
            found = [row for row in self.meeting(target.condition) if self._number(row, metric) is not None]
            if not found:
                raise NoneMeets(f"no finished group has the metric {metric}{_which(target.condition)}")
            sign = 1 if (better or self._direction(metric, found)) == LOWER else -1
            self._best[key] = min(found, key=lambda row: sign * (self._number(row, metric) or 0.0))
        return self._best[key]

    def metric(self, name: str) -> str:
        """Return the metric of a name. Raises UsageError if no run has it, with others as they are written there."""
        try:
            return self.column(name if name.startswith(METRIC) else f"{METRIC}{name}").names[0]
        except UsageError as error:
            hint = error.hint if name.startswith(METRIC) else error.hint.replace(METRIC, "")
            raise UsageError(error.message, hint=hint) from None

    @staticmethod
    def _number(row: Row, metric: str) -> float | None:
        value = row.groups[0].metric(metric)
        return None if value is None or math.isnan(value) else value

    def _direction(self, metric: str, found: list[Row]) -> str:
        """Return the direction of a metric that is better. Raises UsageError if that is not known."""
        curve, which = split_statistic(metric)
        names = (metric, curve) if which != "count" else (metric,)
        ways = set()
        for name in dict.fromkeys(row.run.experiment for row in found):
            known = self.experiment(name)
            ways |= {
                source.better[n] for source in (known.metrics if known else ()) for n in names if n in source.better
            }
        if len(ways) == 1:
            return ways.pop()
        if ways:
            raise UsageError(
                f"experiments contradict each other about which values of {metric} are better",
                hint="add better=higher or better=lower to the reference",
            )
        raise UsageError(
            f"it is not known which values of {metric} are better",
            hint=f"qanat experiment update {found[0].run.experiment} --better {metric}=higher",
        )

    def members(self, target: OfMean) -> list[RunFacts]:
        """Return the runs of which groups meet a condition, with these groups only. Raises UsageError if none does."""
        kept: dict[str, list[GroupFacts]] = {}
        if self.runs:
            meets = search_for(self.project, target.condition, self.names, self.refreshed.is_fresh)
            for run in self.runs.values():
                if groups := [group for group in run.groups if meets(Row(run, group))]:
                    kept[run.id] = groups
        if not kept:
            raise NoneMeets(f"there is no group{_which(target.condition)}")
        found = [self.runs[run]._replace(groups=tuple(groups)) for run, groups in kept.items()]
        is_fresh = self.refreshed.is_fresh
        return with_one_code(found, is_fresh) if is_fresh and asks_for_fresh(target.condition) else found

    def fresh_among(self, condition: Condition) -> list[int]:
        """Return the numbers of the runs with finished groups that meet a condition, and that are fresh."""
        key = written(condition)
        if key not in self._fresh:
            meeting = self.meeting(all_of([condition, Fresh()]))
            self._fresh[key] = []
            with suppress(FreshnessUnknown):
                self._fresh[key] = list(dict.fromkeys(row.run.number for row in meeting))
        return self._fresh[key]


def pin_of(row: Row) -> str:
    """Return what is noted of a row."""
    return pin(row.run.id, row.group.number if row.group else None)


def _which(condition: Condition) -> str:
    text = written(condition)
    return f" among those with {quoted(text)}" if text else ""
