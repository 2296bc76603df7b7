"""Waiting for several runs: all of them are polled together, until all have ended, or one, or time is up."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import pytest

from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.usecases.launch.wait_several import Awaited, wait_for_several
from tests.support.world import World


def waited(world: World, **words: object) -> Awaited:
    """Wait for the runs 1 and 2."""
    runs = [world.find(number).run for number in (1, 2)]
    return wait_for_several(world.project, runs, world, lambda runs, notes: None, **words)  # type: ignore[arg-type]


@pytest.fixture
def two(world: World) -> World:
    """Return a world with two runs, of which the second ends after 50 s and the first, which fails, after 100 s."""
    for _ in range(2):
        world.submit()
    first, second = world.scheduler.jobs
    world.clock.after(50, second.ends)
    world.clock.after(100, lambda: first.ends(3))
    return world


def test_all_are_waited_for_and_come_back_in_the_order_of_the_request(two: World) -> None:
    awaited = waited(two)
    assert [(o.run.number, o.run.state) for o in awaited.ended] == [(1, State.FAILED), (2, State.FINISHED)]
    assert (awaited.active, awaited.interrupted, awaited.is_late) == ((), None, False)
    assert [found.run for found in awaited.found] == [outcome.run for outcome in awaited.ended]
    assert 100 <= two.clock.monotonic() < 115


def test_a_look_asks_the_scheduler_once_about_all_of_them(two: World) -> None:
    before = len(two.scheduler.polls)
    seen: list[list[State]] = []

    def see(runs: Sequence[Run], notes: Sequence[str]) -> None:
        seen.append([run.state for run in runs])

    runs = [two.recorded(number) for number in (1, 2)]
    wait_for_several(two.project, runs, two, see)
    assert [len(handles) for handles in two.scheduler.polls[before : before + 3]] == [2, 2, 2]
    # At the last look, completion files tell both ends.
    assert len(seen) - (len(two.scheduler.polls) - before) <= 1
    assert seen[0] == [State.QUEUED, State.QUEUED]
    assert seen[-1] == [State.FAILED, State.FINISHED]


def test_any_one_is_enough_and_the_others_are_active(two: World) -> None:
    awaited = waited(two, any_one=True)
    assert [outcome.run.number for outcome in awaited.ended] == [2]
    assert [run.number for run in awaited.active] == [1]
    assert not awaited.is_late


def test_the_time_is_kept_to_the_second_and_what_has_ended_counts(two: World) -> None:
    awaited = waited(two, timeout_s=77.0)
    assert two.clock.monotonic() == 77.0
    assert [outcome.run.number for outcome in awaited.ended] == [2]
    assert ([run.number for run in awaited.active], awaited.is_late) == ([1], True)


def test_an_interrupt_before_the_first_look_leaves_the_runs_as_they_were_known(two: World) -> None:
    def press(runs: Sequence[Run], notes: Sequence[str]) -> None:
        raise KeyboardInterrupt

    runs = [two.find(number).run for number in (1, 2)]
    awaited = wait_for_several(two.project, runs, two, press)
    assert (awaited.ended, awaited.active, awaited.interrupted) == ((), tuple(runs), signal.SIGINT)


def test_a_run_that_never_ends_is_refused(two: World) -> None:
    run = two.recorded(1)
    path = next(two.root.glob(".qanat/runs/*/*/1-*.yaml"))
    text = path.read_text().replace(run.submission.intent, "0" * len(run.submission.intent))
    path.write_text(text)
    two.git("commit", "--quiet", "--all", "--message", "forged")
    with pytest.raises(UsageError, match="so it never ends"):
        waited(two)
