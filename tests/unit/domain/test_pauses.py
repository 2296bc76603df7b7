from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from qanat.domain.attempts import AttemptState, Earlier
from qanat.domain.pauses import paused_s, took, took_last
from qanat.domain.run import Group, State

START = datetime.now(UTC) - timedelta(hours=1)


def group(started: float | None, ended: float | None, attempt: int = 1, state: State = State.FINISHED) -> Group:
    """Return a group with these seconds after START."""
    stamps = [None if s is None else (START + timedelta(seconds=s)).isoformat() for s in (started, ended)]
    return Group(0, (), state, started=stamps[0], ended=stamps[1], attempt=attempt)


@pytest.mark.parametrize(
    ("groups", "seconds"),
    [
        ([group(0, 2), group(10, 11)], 0),  # waiting in a queue is no pause
        ([group(0, 2), group(10, 11, 2)], 8),
        ([group(10, 11, 2), group(0, 2), group(1, 4)], 6),
        ([group(0, 2), group(10, 20, 2), group(12, 14, 2), group(50, 51, 3)], 8 + 30),
        ([group(0, 20), group(10, 11, 2)], 0),
        ([group(10, 11, 2), group(12, 13, 2)], 1),
        ([group(10, 11, 2)], 0),
        ([group(0, 2), group(4, None, 2, State.LOST)], 2),
        ([group(0, 2), group(None, None, 2, State.CANCELLED)], 0),
    ],
)
def test_a_pause_is_what_passes_before_a_retry_while_nothing_runs(groups: list[Group], seconds: float) -> None:
    assert paused_s(groups) == pytest.approx(seconds)


def test_the_pause_lasts_until_the_retried_group_starts() -> None:
    waiting, running = group(None, None, 2, State.QUEUED), group(100, None, 2, State.RUNNING)
    before = (datetime.now(UTC) - START).total_seconds() - 2
    assert before <= paused_s([group(0, 2), waiting]) <= (datetime.now(UTC) - START).total_seconds() - 2
    assert paused_s([group(0, 2), waiting, running]) == pytest.approx(98)


def test_all_attempts_count_towards_what_groups_took() -> None:
    def end(number: int, started: float, ended: float) -> Earlier:
        known = group(started, ended)
        return Earlier(number, AttemptState.FAILED, started=known.started, ended=known.ended)

    retried = replace(group(400, 430, 3), earlier=(end(1, 0, 60), end(2, 100, 160)))
    assert paused_s([retried]) == 40 + 240
    assert (took([retried]), took_last([retried])) == ("2:30", "30s")
    assert (took([retried, group(0, 420)]), took_last([retried, group(0, 420)])) == ("7:10", "7:10")
    assert (took([group(0, 5)]), took([group(None, None, 1, State.QUEUED)])) == ("5.0s", "")
