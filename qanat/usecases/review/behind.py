"""New results that are behind the baselines of their experiments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from qanat.domain import baseline, condition, setting, times
from qanat.domain.baseline import Rule, Verdict
from qanat.domain.comparison import Row
from qanat.domain.facts import Row as RunRow
from qanat.domain.facts import RunFacts
from qanat.domain.run import Run, State
from qanat.domain.search import Names, search
from qanat.errors import UsageError
from qanat.usecases.review.baselines import Baselines
from qanat.usecases.review.definitions import Content, directions, seeds


def verdicts(
    experiment: str,
    definition: Content,
    runs: Sequence[Run],
    names: Sequence[str],
    earlier: Baselines,
    now: datetime,
    *,
    is_new: bool,
) -> Iterator[Verdict]:
    """Judge the new runs of an experiment, with its names, by each baseline in its definition.

    `is_new` says whether the definition is that of the side of the new runs, since the other has no baseline.
    """
    rules = baseline.rules_of(definition)
    new = {run.id for run in runs}
    known = [run for run in earlier.facts(names) if run.id not in new] if rules else []
    known.sort(key=lambda run: (times.parse(run.created), run.number), reverse=True)
    for rule in rules:
        yield replace(_verdict(experiment, definition, rule, runs, known, now), is_new=is_new)


def _verdict(
    experiment: str, definition: Content, rule: Rule, runs: Sequence[Run], known: Sequence[RunFacts], now: datetime
) -> Verdict:
    """Judge new runs by one baseline; `known` are the runs of the other side, the newest first."""
    direction = directions(definition).get(rule.metric)
    if direction is None:
        return Verdict(experiment, rule, problem="no metric says which direction of it is better")
    try:
        chosen = _chosen(known, rule, now)
    except UsageError as error:
        return Verdict(experiment, rule, problem=error.message)
    rows = setting.pooled_facts(chosen, seeds(definition)).rows
    if problem := _without_level(rule, known, chosen, rows):
        return Verdict(experiment, rule, problem=problem)
    return baseline.judge(experiment, rule, direction, runs, rows, seeds(definition))


def _without_level(rule: Rule, known: Sequence[RunFacts], chosen: Sequence[RunFacts], rows: Sequence[Row]) -> str:
    """Return why a baseline has no values; empty if it has, or needs none, since nothing has finished before."""
    if rule.where and not chosen:
        return f"no group on the other side meets {rule.where}"
    has_finished = any(group.state == State.FINISHED for run in known for group in run.groups)
    if any(rule.metric in row.metrics for row in rows) or not (rule.where or has_finished):
        return ""
    return f"no finished group on the other side{f' that meets {rule.where}' if rule.where else ''} has this metric"


def _chosen(known: Sequence[RunFacts], rule: Rule, now: datetime) -> list[RunFacts]:
    """Return the runs with the groups that a baseline names. Raises UsageError for a name that none of them has."""
    if not known:
        return []
    meets = search(condition.parse(rule.where), Names.of(group for run in known for group in run.groups), now)
    found = (run._replace(groups=tuple(g for g in run.groups if meets(RunRow(run, g)))) for run in known)
    return [run for run in found if run.groups]
