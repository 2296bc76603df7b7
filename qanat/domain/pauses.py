"""The pauses of a run that was retried, which do not count towards its duration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from qanat.domain import times
from qanat.domain.run import Group, State


def paused_s(groups: Sequence[Group]) -> float:
    """Return the seconds before retried groups in which no group ran, up to now for those that are yet to start.

    Only the last attempts count, since a record has no others.
    """
    if all(group.attempt == 1 for group in groups):
        return 0.0
    now = datetime.now(UTC)
    total, until = 0.0, None
    for started, ended, is_retried in sorted(_spans(groups, now)):
        if until and is_retried:
            total += max(0.0, (started - until).total_seconds())
        until = max(until or ended, ended)
    return total


def _spans(groups: Sequence[Group], now: datetime) -> list[tuple[datetime, datetime, bool]]:
    """List when each group started and ended, and whether it was retried."""
    spans = []
    for group in groups:
        if group.started:
            started = times.parse(group.started)
            ended = times.parse(group.ended) if group.ended else now if group.state is State.RUNNING else started
            spans.append((started, ended, group.attempt > 1))
        elif not group.state.ended:
            spans.append((now, now, group.attempt > 1))
    return spans
