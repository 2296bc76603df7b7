"""Groups of a run that are to be retried by its policy, but are not yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qanat.domain import times

ENDED = "once the run has ended"
NEXT_LOOK = "as soon as a command such as qanat status looks at it"
BY_ANOTHER = "which another command is about to submit"


def tried_after(timestamp: str, now: str) -> str:
    """Return what groups wait for until this time."""
    (day, clock), (today, _) = times.local(timestamp).split(" "), times.local(now).split(" ")
    return f"tried again after {clock if day == today else f'{day} {clock}'}"


@dataclass(frozen=True, slots=True)
class PendingRetry:
    """Groups that are to be retried, by number, each with the number of its next attempt.

    A group may have `attempts` of these. `until` says what they wait for, and `problem` what prevented it before.
    """

    id: str
    run: int
    groups: Mapping[int, int]
    attempts: int
    until: str
    problem: str = ""

    def __str__(self) -> str:
        """Return a sentence about them."""
        return f"run {self.run}: {self.what}"

    @property
    def what(self) -> str:
        """What is pending: `retry pending: group 3, attempt 2 of 3, once the run has ended`."""
        which = f"group {min(self.groups)}" if len(self.groups) == 1 else f"{len(self.groups):,} groups"
        numbers = set(self.groups.values())
        attempt = f", attempt {min(numbers)} of {self.attempts}" if len(numbers) == 1 else ""
        problem = f" (it failed before: {self.problem})" if self.problem else ""
        return f"retry pending: {which}{attempt}, {self.until}{problem}"

    @property
    def cause(self) -> str:
        """What they wait for; how many they are may change at every look."""
        return f"{self.until} {self.problem}"

    def as_mapping(self) -> dict[str, Any]:
        """Return what JSON has."""
        groups = [{"group": number, "attempt": attempt} for number, attempt in sorted(self.groups.items())]
        content = {"run": self.id, "groups": groups, "attempts": self.attempts, "until": self.until}
        return content | ({"problem": self.problem} if self.problem else {})
