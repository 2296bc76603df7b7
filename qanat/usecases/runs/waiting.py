"""Why groups of active runs do not get on: what their scheduler says of those that wait, or run without progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qanat.domain.expected_start import without_start
from qanat.domain.job import ENDING
from qanat.domain.run import Group, Run, State


@dataclass(frozen=True, slots=True)
class Waiting:
    """Groups of a run that do not get on for the same reason."""

    id: str
    run: int
    groups: int
    of: int
    state: State
    reason: str

    def __str__(self) -> str:
        """Return a sentence about them."""
        count = f"{self.groups:,}" if self.groups == self.of else f"{self.groups:,} of {self.of:,}"
        return f"run {self.run}: {f'{count} groups ' if self.of > 1 else ''}{self.why}"

    @property
    def why(self) -> str:
        """The state and its reason, which may begin with it: `queued: Resources`, but `held by qanat`."""
        return self.reason if self.reason.startswith(f"{self.state} ") else f"{self.state}: {self.reason}"

    @property
    def cause(self) -> str:
        """Why they do not get on, without when they are expected to start, which may change at every look."""
        return without_start(self.why)

    def as_mapping(self) -> dict[str, Any]:
        """Return what JSON has."""
        return {"run": self.id, "groups": self.groups, "state": self.state.value, "reason": self.reason}


def waiting(runs: Iterable[Run]) -> list[Waiting]:
    """List why groups do not get on, those of a run with the same reason together, the newest runs first."""
    found = []
    for run in sorted(runs, key=lambda run: -run.number):
        alike = Counter((g.state, g.reason) for g in run.groups if _has_reason(g))
        found += [Waiting(run.id, run.number, count, len(run.groups), *key) for key, count in alike.most_common()]
    return found


def _has_reason(group: Group) -> bool:
    """Return whether a group is queued, held, suspended, cut off or about to be removed for a reason that is known."""
    return not group.state.ended and bool(group.reason) and group.reason != ENDING
