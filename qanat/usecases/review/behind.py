"""New results that are behind the baselines of their experiments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from qanat.domain import baseline, condition, setting, times
from qanat.domain.baseline import Rule, Verdict
from qanat.domain.facts import Row as RunRow
from qanat.domain.facts import RunFacts
from qanat.domain.run import Run
from qanat.domain.search import Names, search
from qanat.errors import UsageError
from qanat.usecases.review.baselines import Baselines
from qanat.usecases.review.definitions import Content, directions, seeds


def verdicts(
    experiment: str, definition: Content, runs: Sequence[Run], names: Sequence[str], earlier: Baselines, now: datetime
) -> Iterator[Verdict]:
    """Judge the new runs of an experiment, with its names, by each baseline in its definition."""
    rules = baseline.rules_of(definition)
    new = {run.id for run in runs}
    known = [run for run in earlier.facts(names) if run.id not in new] if rules else []
    known.sort(key=lambda run: (times.parse(run.created), run.number), reverse=True)
    for rule in rules:
        direction = directions(definition).get(rule.metric)
        if direction is None:
            yield Verdict(experiment, rule, problem="no metric says which direction of it is better")
            continue
        try:
            chosen = _chosen(known, rule, now)
        except UsageError as error:
            yield Verdict(experiment, rule, problem=error.message)
            continue
        rows = setting.pooled_facts(chosen, seeds(definition)).rows
        yield baseline.judge(experiment, rule, direction, runs, rows, seeds(definition))


def _chosen(known: Sequence[RunFacts], rule: Rule, now: datetime) -> list[RunFacts]:
    """Return the runs with the groups that a baseline names. Raises UsageError for a name that none of them has."""
    if not known:
        return []
    meets = search(condition.parse(rule.where), Names.of(group for run in known for group in run.groups), now)
    found = (run._replace(groups=tuple(g for g in run.groups if meets(RunRow(run, g)))) for run in known)
    return [run for run in found if run.groups]
