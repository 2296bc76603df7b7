"""How long a run took: its pauses between attempts, in which none of its groups ran, do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from qanat.domain import times
from qanat.domain.run import Group, State


def paused_s(groups: Sequence[Group]) -> float:
    """Return the seconds before further attempts in which no group ran, up to now for those that are yet to start."""
    if all(group.attempt == 1 for group in groups):
        return 0.0
    now = datetime.now(UTC)
    total, until = 0.0, None
    for started, ended, is_retried in sorted(_spans(groups, now)):
        if until and is_retried:
            total += max(0.0, (started - until).total_seconds())
        until = max(until or ended, ended)
    return total


def took(groups: Sequence[Group]) -> str:
    """Return how long groups took, all their attempts together and without the pauses between these, for display."""
    starts = (start for group in groups for start in (group.started, *(end.started for end in group.earlier)))
    started = min(filter(None, starts), key=times.parse, default=None)
    return times.took(started, _last_end(groups), paused_s(groups))


def took_last(groups: Sequence[Group]) -> str:
    """Return how long the last attempts at groups took, for display."""
    started = min((group.started for group in groups if group.started), key=times.parse, default=None)
    last = [replace(group, earlier=()) for group in groups]
    return times.took(started, _last_end(groups), paused_s(last))


def _last_end(groups: Sequence[Group]) -> str | None:
    return max((group.ended for group in groups if group.ended), key=times.parse, default=None)


def _spans(groups: Sequence[Group], now: datetime) -> list[tuple[datetime, datetime, bool]]:
    """List when each attempt started and ended, and whether it was a further one."""
    spans = []
    for group in groups:
        for end in group.earlier:
            if end.started:
                started = times.parse(end.started)
                ended = max(started, times.parse(end.ended)) if end.ended else started
                spans.append((started, ended, end.attempt > 1))
        if group.started:
            started = times.parse(group.started)
            ended = times.parse(group.ended) if group.ended else now if group.state is State.RUNNING else started
            spans.append((started, ended, group.attempt > 1))
        elif not group.state.ended:
            spans.append((now, now, group.attempt > 1))
    return spans
