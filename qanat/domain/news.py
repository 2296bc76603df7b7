"""What a user is told about runs: a message on one, or one that sums up several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain import pauses
from qanat.domain.notification import ENDED, Message
from qanat.domain.redaction import redacted
from qanat.domain.run import Run, State, count_states, overall_state
from qanat.domain.shortening import shortened
from qanat.domain.statistics import HIGHER
from qanat.domain.visible import escaped

LISTED_MAX = 20
REASON_MAX = 200
METRICS_MAX = 2


@dataclass(frozen=True, slots=True)
class News:
    """What has happened to a run: `what` is ENDED or FIRST_FAILURE; `best` has the best values of metrics by name."""

    run: Run
    what: str
    folder: str
    best: Mapping[str, float]

    @property
    def headline(self) -> str:
        """The run and what happened to it, briefly."""
        run = f"run {self.run.number} of {self.run.experiment}"
        return f"{run} {self.run.state}" if self.what == ENDED else f"{run}: first failure"

    @property
    def details(self) -> str:
        """How many groups are in which state, how long the run took, why the first failed, and the best metrics."""
        failed = [group for group in self.run.groups if group.state is State.FAILED]
        reason = shortened(failed[0].reason, REASON_MAX) if failed else ""
        parts = [self._counts, f"after {self._took}" if self.what == ENDED and self._took else ""]
        parts += [f"group {failed[0].number}: {reason}" if reason else ""]
        parts += [f"best {name} {value:.6g}" for name, value in [*self.best.items()][:METRICS_MAX]]
        return "; ".join(filter(None, parts))

    @property
    def _counts(self) -> str:
        groups = self.run.groups
        return ", ".join(f"{count:,} {state}" for state, count in count_states(groups).items()) if groups[1:] else ""

    @property
    def _took(self) -> str:
        return pauses.took(self.run.groups) if self.run.ended else ""


def best_values(run: Run, better: Mapping[str, str]) -> dict[str, float]:
    """Return the best value of each metric that says which direction is better, among groups that have finished."""
    finished = [group.metrics for group in run.groups if group.state is State.FINISHED]
    values = {name: [metrics[name] for metrics in finished if name in metrics] for name in better}
    return {name: max(found) if better[name] == HIGHER else min(found) for name, found in values.items() if found}


def variables_of(runs: Sequence[int], states: Sequence[State], project: str) -> dict[str, str]:
    """Return the variables that tell a program about runs: their numbers, their states, and the worst of these."""
    found = {"QANAT_RUNS": " ".join(map(str, runs)), "QANAT_STATES": " ".join(states)}
    return found | {"QANAT_STATE": overall_state(states), "QANAT_PROJECT": project}


def message(news: Sequence[News], project: str) -> Message:
    """Return the message about what has happened to runs of a project; `project` is its root."""
    states = [one.run.state if one.what == ENDED else State.FAILED for one in news]
    variables = variables_of([one.run.number for one in news], states, project)
    if len(news) == 1:
        lines = [news[0].details, news[0].folder]
        return Message(_plain(f"qanat: {news[0].headline}"), _plain("\n".join(filter(None, lines))), variables)
    lines = [f"{one.headline}{f' ({one.details})' if one.details else ''}" for one in news[:LISTED_MAX]]
    more = len(news) - LISTED_MAX
    text = "\n".join([*lines, *([f"and {more:,} more"] if more > 0 else []), project])
    return Message(_plain(f"qanat: {_summed_up(news)}"), _plain(text), variables)


def _summed_up(news: Sequence[News]) -> str:
    ended = Counter(one.run.state for one in news if one.what == ENDED)
    failing = sum(one.what != ENDED for one in news)
    parts = [f"{count:,} {state}" for state, count in ended.items()]
    parts += [f"{failing:,} with a first failure"] if failing else []
    return f"{len(news):,} runs: {', '.join(parts)}"


def _plain(text: str) -> str:
    """Return a text without secrets and without what a terminal or a phone might take for a command."""
    return "\n".join(escaped(redacted(line)) for line in text.split("\n"))
