"""How far a run is: what is counted, and what the time that is left follows from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from qanat.domain import times
from qanat.domain.run import Group, State
from qanat.domain.tally import Tally

QUEUED = Group(0, ())


def ended(number: int, seconds: float, state: State = State.FINISHED) -> Group:
    """Return a group that has run this long."""
    return Group(number, (), state, started=times.from_epoch(1e9), ended=times.from_epoch(1e9 + seconds))


def running(number: int, seconds: float) -> Group:
    """Return a group that has been running this long."""
    return Group(number, (), State.RUNNING, started=times.from_epoch(time.time() - seconds))


def queued(*numbers: int) -> list[Group]:
    """Return groups that wait."""
    return [Group(number, ()) for number in numbers]


def test_groups_are_counted_by_state_and_each_only_once() -> None:
    tally = Tally(queued(0, 1, 2))
    assert (str(tally), tally.finished) == ("0 running, 0 finished, 0 failed, 3 queued", 0)
    tally.update([running(0, 1)])
    tally.update([running(0, 1)])
    assert str(tally) == "1 running, 0 finished, 0 failed, 2 queued"
    tally.update([ended(0, 5, State.FAILED), ended(1, 5), replace(QUEUED, number=2, state=State.CANCELLED)])
    assert (str(tally), tally.finished) == ("0 running, 1 finished, 1 failed, 1 cancelled", 1)


def test_the_time_left_is_unknown_until_a_group_has_ended() -> None:
    assert Tally([running(0, 50), *queued(1, 2)]).left == "unknown"
    assert Tally([ended(0, 50), *queued(1, 2)]).left == "unknown"  # a queue may be long
    assert Tally([ended(0, 50)]).left_s == 0


@pytest.mark.parametrize(
    ("took", "ages", "waiting", "expected_s"),
    [
        ([60], [0], 0, 60),
        ([60], [40], 0, 20),
        ([60], [0], 2, 180),
        ([50, 70], [0, 0], 4, 180),
        ([60], [70], 0, 6),
        ([60], [0, 59], 0, 60),
    ],
)
def test_the_time_left_follows_from_how_long_groups_took(
    took: list[float], ages: list[float], waiting: int, expected_s: float
) -> None:
    groups = [ended(n, seconds) for n, seconds in enumerate(took)]
    groups += [running(100 + n, age) for n, age in enumerate(ages)]
    assert Tally([*groups, *queued(*range(200, 200 + waiting))]).left_s == pytest.approx(expected_s, abs=1)


def test_groups_that_failed_count_only_if_none_has_finished() -> None:
    failed = ended(0, 10, State.FAILED)
    assert Tally([failed, running(1, 0)]).left_s == pytest.approx(10, abs=1)
    assert Tally([failed, running(1, 0), ended(2, 60)]).left_s == pytest.approx(60, abs=1)


def test_while_a_group_runs_much_longer_than_any_before_the_time_left_is_unknown() -> None:
    groups = [ended(0, 2), ended(1, 4)]
    assert Tally([*groups, running(2, 5)]).left != "unknown"
    assert Tally([*groups, running(2, 60), *queued(3)]).left == "unknown"
