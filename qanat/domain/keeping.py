"""Which runs keep their results by the settings of a project, and what follows from what other runs need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qanat.domain import times
from qanat.domain.facts import RunFacts
from qanat.domain.run import State

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Keep:
    """Whose results are kept: those of runs with a tag, of the newest finished ones, and of ones that failed lately.

    `newest` is for each experiment. Without it, all finished runs keep theirs, and without `failed_days` all others.
    """

    tags: tuple[str, ...] = ()
    newest: int | None = None
    failed_days: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether any run can lose its results."""
        return self.newest is not None or self.failed_days is not None

    def as_mapping(self) -> dict[str, Any]:
        """Return the keys and values of the settings."""
        found = {"tags": list(self.tags) or None, "newest": self.newest, "failed_days": self.failed_days}
        return {key: value for key, value in found.items() if value is not None}


def kept_by(policy: Keep, runs: Iterable[RunFacts], now: str) -> dict[str, str]:
    """Map the ids of the runs that keep their results to the reason; `runs` have results, the newest first."""
    kept, finished = {}, dict[str, int]()
    for run in runs:
        if tag := next((tag for tag in run.tags if tag in policy.tags), ""):
            kept[run.id] = f"is tagged {tag}"
        elif run.state == State.FINISHED:
            before = finished.setdefault(run.experiment, 0)
            if policy.newest is None:
                kept[run.id] = "finished"
            elif before < policy.newest:
                kept[run.id] = f"is one of the {policy.newest} newest" if policy.newest > 1 else "is the newest"
        elif policy.failed_days is None or _age_days(run, now) < policy.failed_days:
            days = "" if policy.failed_days is None else f" less than {policy.failed_days:g} days ago"
            kept[run.id] = f"is {run.state}{days}" if not days else f"ended{days}"
        finished[run.experiment] = finished.get(run.experiment, 0) + (run.state == State.FINISHED)
    return kept


def _age_days(run: RunFacts, now: str) -> float:
    return times.between_s(run.ended or run.created, now) / DAY_S


def needed_by(going: Collection[str], needs: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Map the ids of runs in `going` that have to stay to the run that needs them.

    `needs` maps each run that has results, or may be repeated, to the runs whose results it has read. One that goes
    itself needs nothing.
    """
    stay: dict[str, str] = {}
    waiting = [run for run in needs if run not in going]
    while waiting:
        reader = waiting.pop()
        for run in needs.get(reader, ()):
            if run in going and run not in stay and run != reader:
                stay[run] = reader
                waiting.append(run)
    return stay
