"""Baselines: results that new ones of the same setting must not fall behind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from qanat.domain import setting, statistics
from qanat.domain.comparison import Row, parameters_of
from qanat.domain.run import Run
from qanat.domain.setting import Parameters, key_of
from qanat.domain.statistics import LOWER, Statistic

Content = Mapping[str, Any]
# Without a tolerance, half of all unchanged results are a little worse, which says nothing.
UNCLEAR = 0.2


@dataclass(frozen=True, slots=True)
class Rule:
    """A baseline as it is defined: a metric, the groups that have it, and how much worse a new result may be.

    `where` is a condition as text; `tolerance` is a number, or a part of the baseline's mean such as `1%`.
    """

    metric: str
    where: str = ""
    tolerance: float | str = 0.0

    def margin(self, mean: float) -> float:
        """Return by how much a result may differ from this mean for the worse."""
        if isinstance(self.tolerance, str):
            return abs(mean) * float(self.tolerance.removesuffix("%")) / 100
        return self.tolerance


def rules_of(definition: Content) -> tuple[Rule, ...]:
    """Return the baselines in the valid mapping of an experiment."""
    found = definition.get("baseline", ())
    given = found if isinstance(found, list | tuple) else (found,)
    return tuple(Rule(one["metric"], one.get("where", ""), one.get("tolerance", 0.0)) for one in given)


@dataclass(frozen=True, slots=True)
class Behind:
    """A setting that is worse than its baseline: its new value, which is None if groups fail or it has no such metric.

    `failed` of its groups fail now. `p` is how likely the difference is by chance, if that was tested. `runs_before`
    measured the baseline; their records have `named_before` as the name of the experiment.
    """

    parameters: Parameters
    runs: tuple[str, ...]
    runs_before: tuple[str, ...]
    named_before: str
    before: Statistic
    now: Statistic | None
    failed: int = 0
    cause: str = ""
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a baseline says of the new runs of an experiment: how many settings it was compared with, which are behind.

    `unclear` are those that may be worse, as standing() says. `problem` says why nothing could be compared.
    `is_new` says whether only the side of the new runs defines the baseline.
    """

    experiment: str
    rule: Rule
    compared: int = 0
    behind: tuple[Behind, ...] = ()
    unclear: tuple[Behind, ...] = ()
    problem: str = ""
    is_new: bool = False

    @property
    def is_unmet(self) -> bool:
        """Whether a result is behind, or an existing baseline could not be compared."""
        return bool(self.behind) or self.is_without_level

    @property
    def is_without_level(self) -> bool:
        """Whether an existing baseline could not be compared."""
        return bool(self.problem) and not self.is_new


class Standing(Enum):
    """How a result stands beside its baseline."""

    KEPT = auto()
    UNCLEAR = auto()
    BEHIND = auto()


def judge(
    experiment: str, rule: Rule, direction: str, runs: Sequence[Run], baseline: Sequence[Row], seeds: Sequence[str]
) -> Verdict:
    """Compare new runs with the rows of a baseline, the newest code first; settings of only one side do not count.

    A setting is behind as standing() says, if none of its latest groups has the metric, or if a group of it fails now.
    """
    levels: dict[Parameters, Row] = {}
    for row in baseline:
        if rule.metric in row.metrics:
            levels.setdefault(key_of(row.parameters, seeds), row)
    failing = {key: groups for key, groups in setting.failing(runs, seeds).items() if key in levels}
    place = {run.id: i for i, run in enumerate(runs)}
    rows = sorted(setting.pooled(runs, seeds).rows, key=lambda row: max(place[run] for run in row.runs))
    latest = {key_of(row.parameters, seeds): row for row in rows}
    measured = {key: row for key, row in latest.items() if key in levels and key not in failing}
    found: dict[Standing, list[Behind]] = {standing: [] for standing in Standing}
    for key, row in measured.items():
        now, before = row.metrics.get(rule.metric), levels[key].metrics[rule.metric]
        stands = Standing.BEHIND if now is None else standing(rule, direction, now, before)
        p = None if now is None else statistics.difference(now, before).p
        typed = setting.as_typed(row.parameters, seeds)
        found[stands].append(_behind(rule, typed, levels[key], row.runs, now=now, p=p))
    for key, groups in failing.items():
        failed = [(run, group) for run, group in groups.values() if setting.has_failed(group)]
        ids, cause = tuple(dict.fromkeys(run.id for run, _ in failed)), setting.cause_of(failed[0][1])
        typed = setting.as_typed(parameters_of(failed[0][1]), seeds)
        found[Standing.BEHIND].append(_behind(rule, typed, levels[key], ids, failed=len(failed), cause=cause))
    behind, unclear = tuple(found[Standing.BEHIND]), tuple(found[Standing.UNCLEAR])
    return Verdict(experiment, rule, len(measured) + len(failing), behind, unclear)


def _behind(
    rule: Rule,
    typed: Parameters,
    level: Row,
    runs: tuple[str, ...],
    *,
    now: Statistic | None = None,
    failed: int = 0,
    cause: str = "",
    p: float | None = None,
) -> Behind:
    return Behind(typed, runs, level.runs, level.experiment, level.metrics[rule.metric], now, failed, cause, p)


def standing(rule: Rule, direction: str, now: Statistic, before: Statistic) -> Standing:
    """Return whether a result is behind: not a number, or worse than before by more than the tolerance.

    If it is worse, but the difference was tested and is not significant, that is unclear, except for a difference
    with p >= UNCLEAR where there is no tolerance.
    """
    if math.isnan(now.mean):
        return Standing.KEPT if math.isnan(before.mean) else Standing.BEHIND
    difference = statistics.difference(now, before)
    worse = difference.value if direction == LOWER else -difference.value
    margin = rule.margin(before.mean)
    if not worse > margin:
        return Standing.KEPT
    if difference.p is None or difference.is_significant:
        return Standing.BEHIND
    return Standing.UNCLEAR if margin or difference.p < UNCLEAR else Standing.KEPT
