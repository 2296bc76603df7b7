"""Which of the new runs a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qanat.domain.condition import EVERY, Condition
from qanat.domain.facts import Row, facts_of
from qanat.domain.run import Run
from qanat.domain.search import Names, search

ByExperiment = Mapping[str, Sequence[Run]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Runs by experiment, without the groups that a condition excludes, and how many those are."""

    runs: ByExperiment
    hidden_groups: int = 0


def choose(runs: ByExperiment, condition: Condition, now: datetime) -> Chosen:
    """Return the runs with groups that meet a condition, without their other groups.

    Raises UsageError for a name that none of the runs has; where there are no runs, any name is accepted.
    """
    if condition == EVERY or not runs:
        return Chosen(runs)
    facts = {run.id: facts_of(run)._replace(experiment=name) for name, own in runs.items() for run in own}
    meets = search(condition, Names.of(group for known in facts.values() for group in known.groups), now)
    met = {run: {g.number for g in known.groups if meets(Row(known, g))} for run, known in facts.items()}
    kept = {
        name: [
            replace(run, groups=tuple(g for g in run.groups if g.number in met[run.id])) for run in own if met[run.id]
        ]
        for name, own in runs.items()
    }
    hidden = sum(len(known.groups) - len(met[run]) for run, known in facts.items())
    return Chosen({name: own for name, own in kept.items() if own}, hidden)
