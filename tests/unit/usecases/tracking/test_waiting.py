"""Why groups wait: the runner is asked only after a while, and not again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from qanat.domain import times
from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.usecases.runs.waiting import waiting
from qanat.usecases.tracking.waiting import AGAIN_S, LONG_S, RUNS_MAX
from tests.support.scheduler import START
from tests.support.world import World

TOO_MUCH = "no slot can run it"


def test_a_job_that_has_just_been_submitted_is_not_asked_about(world: World) -> None:
    world.submit()
    world.scheduler.waits_for = TOO_MUCH
    world.clock.move(LONG_S - 1)
    assert world.look().groups[0].reason == ""
    assert world.scheduler.explained == []


def test_a_job_that_waits_for_long_has_the_reason_and_the_runner_is_asked_about_one_group(world: World) -> None:
    world.submit(3)
    world.scheduler.waits_for = TOO_MUCH
    world.clock.move(LONG_S)
    assert [(g.state, g.reason) for g in world.look().groups] == [(State.QUEUED, TOO_MUCH)] * 3
    assert [[handle.job for handle in handles] for handles in world.scheduler.explained] == [["1.0"]]


def test_the_reason_stays_until_the_runner_is_asked_again(world: World) -> None:
    world.submit()
    world.scheduler.waits_for = TOO_MUCH
    world.clock.move(LONG_S)
    world.look()
    world.scheduler.waits_for = "waiting for its turn"
    for _ in range(3):
        world.clock.move((AGAIN_S - 1) / 3)
        assert world.look().groups[0].reason == TOO_MUCH
    assert len(world.scheduler.explained) == 1
    world.clock.move(1)
    assert world.look().groups[0].reason == "waiting for its turn"
    assert len(world.scheduler.explained) == 2


def test_a_runner_that_knows_no_reason_is_not_asked_at_every_look(world: World) -> None:
    world.submit()
    world.clock.move(LONG_S)
    for _ in range(5):
        assert world.look().groups[0].reason == ""
    assert len(world.scheduler.explained) == 1


def test_what_the_scheduler_says_itself_comes_first(world: World) -> None:
    world.submit(2)
    held, other = world.scheduler.of(0, 1)
    held.is_held("by Eve")
    world.scheduler.waits_for = TOO_MUCH
    world.clock.move(LONG_S)
    assert [group.reason for group in world.look().groups] == ["by Eve", TOO_MUCH]
    other.starts()
    assert [group.reason for group in world.look().groups] == ["by Eve", ""]
    assert len(world.scheduler.explained) == 1


def test_a_scheduler_that_is_down_leaves_the_reason_that_was_last_seen(world: World) -> None:
    world.submit()
    world.scheduler.waits_for = TOO_MUCH
    world.clock.move(LONG_S)
    world.look()
    world.clock.move(AGAIN_S)
    world.scheduler.down = "no route to host"
    assert world.look().groups[0].reason == TOO_MUCH
    assert len(world.scheduler.explained) == 1


def test_of_many_waiting_runs_those_come_first_that_were_asked_about_the_longest_ago(world: World) -> None:
    for _ in range(RUNS_MAX + 2):
        world.submit()
    world.clock.move(LONG_S)
    world.look()
    world.look()
    asked = [[handle.intent for handle in handles] for handles in world.scheduler.explained]
    assert [len(intents) for intents in asked] == [RUNS_MAX, 2]
    assert len({*asked[0], *asked[1]}) == RUNS_MAX + 2


def test_a_clock_that_was_put_back_does_not_put_off_the_next_question(world: World) -> None:
    world.submit()
    world.clock.move(LONG_S + 3600)
    world.look()
    world.clock.move(-3600)
    world.scheduler.waits_for = TOO_MUCH
    world.look()
    world.clock.move(AGAIN_S)
    assert world.look().groups[0].reason == TOO_MUCH


def test_groups_that_wait_for_the_same_are_one_sentence(world: World) -> None:
    world.submit(5)
    for job in world.scheduler.of(0, 1):
        job.is_held("by Eve")
    for job in world.scheduler.of(4):
        job.is_held("held by qanat")
    world.scheduler.waits_for = TOO_MUCH
    for job in world.scheduler.of(3):
        job.starts()
    world.clock.move(LONG_S)
    run = world.look()
    assert [str(each) for each in waiting([run])] == [
        "run 1: 2 of 5 groups held: by Eve",
        "run 1: 1 of 5 groups queued: no slot can run it",
        "run 1: 1 of 5 groups held by qanat",
    ]


def expecting(seconds: float, reason: str = "Priority") -> JobStatus:
    """Return the status of a job that is expected to start some seconds after the clock's start."""
    expected = (times.parse(START) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    return JobStatus(State.QUEUED, reason=reason, expected=expected)


def test_groups_with_the_same_reason_have_the_earliest_of_their_expected_starts(world: World) -> None:
    world.submit(4)
    for job, status in zip(
        world.scheduler.of(0, 1, 2, 3),
        (expecting(7200), expecting(3600), JobStatus(State.QUEUED, reason="Priority"), expecting(60, "Resources")),
        strict=True,
    ):
        job.says(status)
    clock = times.local(expecting(3600).expected)[11:16]
    first, *others, last = (group.reason for group in world.look().groups)
    assert first == f"Priority, expected to start at {clock}"
    assert others == [first, first]
    assert last.startswith("Resources, expected to start at ")


def test_a_job_that_runs_is_not_expected_to_start(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.says(replace(expecting(3600), state=State.RUNNING, reason=""))
    assert world.look().groups[0].reason == ""


def test_a_group_that_runs_without_progress_is_listed_but_not_one_that_is_ending(world: World) -> None:
    world.submit(3)
    for job, reason in zip(world.scheduler.of(0, 1, 2), ("lost contact with its machine", "ending", ""), strict=True):
        job.says(JobStatus(State.RUNNING, reason=reason, started=START))
    (found,) = waiting([world.look()])
    assert str(found) == "run 1: 1 of 3 groups running: lost contact with its machine"
    assert found.as_mapping()["state"] == "running"
