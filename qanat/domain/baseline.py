"""Baselines: results that new ones of the same setting must not fall behind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain import setting, statistics
from qanat.domain.comparison import Row, parameters_of
from qanat.domain.run import Run
from qanat.domain.setting import Parameters, key_of
from qanat.domain.statistics import LOWER, Statistic

Content = Mapping[str, Any]


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
    """A setting that is behind its baseline: its new value, or why it fails now.

    `runs_before` measured the baseline; their records have `named_before` as the name of the experiment.
    """

    parameters: Parameters
    runs: tuple[str, ...]
    runs_before: tuple[str, ...]
    named_before: str
    before: Statistic
    now: Statistic | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a baseline says of the new runs of an experiment: how many settings it was compared with, and which fail it.

    `problem` says why nothing could be compared.
    """

    experiment: str
    rule: Rule
    compared: int = 0
    behind: tuple[Behind, ...] = ()
    problem: str = ""


def judge(
    experiment: str, rule: Rule, direction: str, runs: Sequence[Run], baseline: Sequence[Row], seeds: Sequence[str]
) -> Verdict:
    """Compare new runs with the rows of a baseline, the newest code first; what only one side has does not count.

    A result is behind if it is worse by more than the tolerance and the difference is significant or untested, if it is
    not a number, or if a group of its setting fails now.
    """
    levels: dict[Parameters, Row] = {}
    for row in baseline:
        if rule.metric in row.metrics:
            levels.setdefault(key_of(row.parameters, seeds), row)
    failing = {key: groups for key, groups in setting.failing(runs, seeds).items() if key in levels}
    place = {run.id: i for i, run in enumerate(runs)}
    rows = [row for row in setting.pooled(runs, seeds).rows if rule.metric in row.metrics]
    rows.sort(key=lambda row: max(place[run] for run in row.runs))
    latest = {key_of(row.parameters, seeds): row for row in rows}
    measured = {key: row for key, row in latest.items() if key in levels and key not in failing}
    behind = [
        _behind(rule, levels[key], row.runs, row.metrics[rule.metric], setting.as_typed(row.parameters, seeds))
        for key, row in measured.items()
        if is_behind(rule, direction, row.metrics[rule.metric], levels[key].metrics[rule.metric])
    ]
    for key, groups in failing.items():
        failed = [(run, group) for run, group in groups.values() if setting.has_failed(group)]
        ids = tuple(dict.fromkeys(run.id for run, _ in failed))
        typed = setting.as_typed(parameters_of(failed[0][1]), seeds)
        behind.append(_behind(rule, levels[key], ids, None, typed, cause=setting.cause_of(failed[0][1])))
    return Verdict(experiment, rule, len(measured) + len(failing), tuple(behind))


def _behind(
    rule: Rule, level: Row, runs: tuple[str, ...], now: Statistic | None, typed: Parameters, *, cause: str = ""
) -> Behind:
    return Behind(typed, runs, level.runs, level.experiment, level.metrics[rule.metric], now, cause)


def is_behind(rule: Rule, direction: str, now: Statistic, before: Statistic) -> bool:
    """Return whether a result is worse than before by more than the tolerance, and not perhaps by chance only."""
    difference = statistics.difference(now, before)
    if math.isnan(now.mean):
        return not math.isnan(before.mean)
    worse = difference.value if direction == LOWER else -difference.value
    is_by_chance = difference.p is not None and not difference.is_significant
    return worse > rule.margin(before.mean) and not is_by_chance
