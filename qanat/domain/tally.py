"""The progress of a run: its groups counted by state, and the time left, estimated from those that have ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qanat.domain import times
from qanat.domain.run import Group, State

# A group that runs this much longer than any before may be stuck.
PATIENCE = 1.5
# What is left of a group that runs longer than the mean, as a part of the mean.
REST = 0.1
_ALWAYS = (State.RUNNING, State.FINISHED, State.FAILED)
_ORDER = (*_ALWAYS, State.QUEUED, State.HELD, State.CANCELLED, State.LOST)


@dataclass(slots=True)
class _Durations:
    """How long ended groups have run."""

    count: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Add one."""
        self.count, self.total_s = self.count + 1, self.total_s + seconds
        self.longest_s = max(self.longest_s, seconds)


class Tally:
    """Counts the groups of a run by state; only changes cost anything."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups: dict[int, Group] = {}
        self._counts = dict.fromkeys(State, 0)
        self._running: set[int] = set()
        self._took = {State.FINISHED: _Durations(), State.FAILED: _Durations()}
        self.update(groups)

    def update(self, groups: Iterable[Group]) -> None:
        """Count groups as they are now in place of how they were."""
        for group in groups:
            before = self._groups.get(group.number)
            self._groups[group.number] = group
            if before and before.state is group.state:
                continue
            if before:
                self._counts[before.state] -= 1
            self._counts[group.state] += 1
            self._running.discard(group.number)
            if group.state is State.RUNNING:
                self._running.add(group.number)
            took_s = times.seconds_between(group.started, group.ended) if group.ended else None
            if took_s is not None and group.state in self._took:
                self._took[group.state].add(took_s)

    @property
    def finished(self) -> int:
        """How many groups have finished; those that failed are not among them."""
        return self._counts[State.FINISHED]

    @property
    def left_s(self) -> float | None:
        """About how many seconds are left; None if nothing tells.

        That is as long as no group has ended or none is running, and while one runs much longer than any before. Failed
        groups, which may have ended early, count only if none has finished.
        """
        waiting = self._counts[State.QUEUED] + self._counts[State.HELD]
        if not waiting and not self._running:
            return 0.0
        took = self._took[State.FINISHED] if self._took[State.FINISHED].count else self._took[State.FAILED]
        if not took.count or not self._running:
            return None
        ages = [times.seconds_between(self._groups[number].started, None) or 0.0 for number in self._running]
        if max(ages) > PATIENCE * took.longest_s:
            return None
        mean_s = took.total_s / took.count
        rests = [max(mean_s - age, REST * mean_s) for age in ages]
        return max(*rests, (sum(rests) + waiting * mean_s) / len(rests))

    def __str__(self) -> str:
        shown = [state for state in _ORDER if self._counts[state] or state in _ALWAYS]
        return ", ".join(f"{self._counts[state]:,} {state}" for state in shown)

    @property
    def left(self) -> str:
        """The time that is left, for display."""
        return "unknown" if (seconds := self.left_s) is None else times.duration(seconds)
