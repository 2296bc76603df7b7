"""Submissions that were cut short: the next command finds the jobs by their intent, or that there are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qanat.domain.run import State
from qanat.errors import SubmitUnknown
from qanat.runners.api import JobBatch
from tests.support.scheduler import Killed
from tests.support.world import World


def raising(error: BaseException) -> Callable[[JobBatch], None]:
    """Return a function that always raises an error."""

    def act(batch: JobBatch) -> None:
        raise error

    return act


def killed_before(world: World, groups: int = 2) -> None:
    """Submit, and be killed before the scheduler is called."""
    world.scheduler.before_taking = raising(Killed())
    with world.killed():
        world.submit(groups)
    world.scheduler.before_taking = lambda batch: None


def killed_after(world: World, groups: int = 2) -> None:
    """Submit, and be killed after the scheduler has accepted the jobs but before its answer."""
    world.scheduler.after_taking = raising(Killed())
    with world.killed():
        world.submit(groups)
    world.scheduler.after_taking = lambda batch: None


def test_jobs_whose_qanat_was_killed_before_it_knew_them_are_found_by_their_intent(world: World) -> None:
    killed_after(world)
    intent = world.recorded().submission.intent
    assert [group.job for group in world.recorded().groups] == [None, None]
    run = world.look()
    assert [group.job for group in run.groups] == ["1.0", "1.1"]
    assert run.submission.details["cluster"] == 1
    assert world.scheduler.finds == [(intent, [0, 1], run.submission.submitted)]
    assert len(world.scheduler.batches) == 1


def test_jobs_that_were_found_are_committed_and_nothing_is_left_over(world: World) -> None:
    killed_after(world)
    world.look()
    assert world.committed() == world.recorded()
    assert [group.job for group in world.recorded().groups] == ["1.0", "1.1"]
    assert world.subjects() == ["qanat: run 1 of train queued"]
    assert world.journals() == []
    assert world.notes == []


def test_jobs_that_were_found_are_asked_about_in_the_same_look(world: World) -> None:
    killed_after(world)
    first, second = world.scheduler.of(0, 1)
    first.starts()
    second.ends(3)
    assert [group.state for group in world.look().groups] == [State.RUNNING, State.FAILED]


def test_jobs_that_are_found_ended_make_an_ended_record(world: World) -> None:
    killed_after(world)
    for job in world.scheduler.of(0, 1):
        job.ends(0)
    assert world.look().state is State.FINISHED
    assert world.committed() == world.recorded() == world.look()
    assert [group.job for group in world.recorded().groups] == ["1.0", "1.1"]
    assert world.journals() == []


@pytest.mark.parametrize(("waited_s", "expected"), [(14, State.QUEUED), (15, State.CANCELLED)])
def test_a_scheduler_that_may_still_be_taking_jobs_in_is_given_fifteen_seconds(
    world: World, waited_s: int, expected: State
) -> None:
    killed_before(world)
    assert world.look().state is State.QUEUED
    assert world.notes == []
    world.clock.move(waited_s)
    assert world.look().state is expected


def test_how_long_a_scheduler_may_be_taking_jobs_in_can_be_set(world: World) -> None:
    world.set(grace={"submit_s": 40})
    killed_before(world)
    world.look()
    world.clock.move(39)
    assert world.look().state is State.QUEUED
    world.clock.move(1)
    assert world.look().state is State.CANCELLED


def test_jobs_that_are_listed_late_are_found_in_that_time(world: World) -> None:
    world.scheduler.listed_after_s = 10
    killed_after(world)
    assert [group.job for group in world.look().groups] == [None, None]
    world.clock.move(10)
    assert [group.job for group in world.look().groups] == ["1.0", "1.1"]
    assert len(world.scheduler.batches) == 1


def test_a_run_of_which_nothing_was_submitted_is_cancelled_with_the_reason(world: World) -> None:
    killed_before(world)
    world.look()
    world.clock.move(15)
    run = world.look()
    why = "nothing was submitted: qanat was killed before that"
    assert [(group.state, group.reason, group.ended) for group in run.groups] == [
        (State.CANCELLED, why, world.clock.now())
    ] * 2
    assert world.notes == [f"run 1 of train: {why}"]
    assert world.committed() == world.recorded() == run
    assert world.journals() == []
    assert world.scheduler.batches == []


def test_a_scheduler_that_is_down_leaves_it_open_whether_a_run_was_submitted(world: World) -> None:
    killed_before(world)
    world.scheduler.down = "no route to host"
    for _ in range(3):
        assert world.look().state is State.QUEUED
        assert world.notes == ["no route to host; it is not known yet whether run 1 was submitted"]
        world.clock.move(3600)
    world.scheduler.down = ""
    assert world.look().state is State.QUEUED
    world.clock.move(15)
    assert world.look().state is State.CANCELLED


def test_a_scheduler_that_did_not_say_whether_it_took_the_jobs_is_asked_by_the_next_command(world: World) -> None:
    world.scheduler.after_taking = raising(SubmitUnknown("the world's scheduler did not answer"))
    with pytest.raises(SubmitUnknown, match="did not answer"):
        world.submit(2)
    assert world.journals() == []
    assert [group.job for group in world.recorded().groups] == [None, None]
    assert [group.job for group in world.look().groups] == ["1.0", "1.1"]
    assert world.committed() == world.recorded()


def test_a_submission_that_was_never_answered_and_never_taken_is_cancelled(world: World) -> None:
    world.scheduler.before_taking = raising(SubmitUnknown("the world's scheduler did not answer"))
    with pytest.raises(SubmitUnknown, match="did not answer"):
        world.submit()
    world.look()
    world.clock.move(15)
    assert world.look().state is State.CANCELLED


def test_a_group_with_a_completion_file_was_submitted_and_has_been_forgotten(world: World) -> None:
    killed_after(world)
    first, second = world.scheduler.of(0, 1)
    first.ends(0)
    for job in (first, second):
        job.vanishes()
    world.look()
    world.clock.move(15)
    run = world.look()
    assert [group.state for group in run.groups] == [State.FINISHED, State.CANCELLED]


def test_a_run_all_of_whose_groups_have_completion_files_is_not_waited_for(world: World) -> None:
    killed_after(world)
    for job in world.scheduler.of(0, 1):
        job.ends(0)
        job.vanishes()
    assert world.look().state is State.FINISHED


def test_a_group_with_output_and_no_job_is_lost_not_cancelled(world: World) -> None:
    killed_after(world)
    first, second = world.scheduler.of(0, 1)
    first.starts()
    for job in (first, second):
        job.vanishes()
    world.look()
    world.clock.move(15)
    lost, never = world.look().groups
    assert lost.state is State.LOST
    assert lost.reason.endswith("no completion.json in group_0, and the world's scheduler does not know its job")
    assert never.state is State.CANCELLED


def test_only_the_machine_that_submitted_may_say_that_nothing_was(world: World) -> None:
    killed_before(world)
    path = next(world.root.glob(".qanat/runs/*/*/1-*.yaml"))
    text = path.read_text()
    path.write_text(text.replace(f"host: {world.recorded().host}\n", "host: elsewhere\n"))
    for journal in world.journals():
        journal.unlink()
    for _ in range(3):
        assert world.look().state is State.QUEUED
        assert world.notes == ["whether run 1 of train was submitted can be determined only on elsewhere"]
        world.clock.move(3600)


def test_a_submission_that_goes_on_in_another_terminal_is_left_to_it(world: World) -> None:
    def look_from_another_terminal(batch: JobBatch) -> None:
        assert world.look().state is State.QUEUED
        assert world.notes == []

    world.scheduler.before_taking = look_from_another_terminal
    world.submit(2)
    assert world.scheduler.finds == []
    assert [group.job for group in world.look().groups] == ["1.0", "1.1"]


def test_a_qanat_killed_between_the_answer_and_the_commit_is_made_good(world: World) -> None:
    run = world.submit(2)
    world.git("reset", "--quiet", "HEAD~1")
    with world.journal(run):
        pass
    assert world.committed() is None
    assert world.look() == run
    assert world.committed() == run
    assert world.journals() == []
    assert world.scheduler.finds == []
