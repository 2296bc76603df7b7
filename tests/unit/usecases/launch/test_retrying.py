"""Groups that are retried by the policy of their run: once it has ended, and only where it was launched."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain.job import JobBatch
from qanat.domain.run import Run, State
from qanat.errors import SubmitFailed, SubmitUnknown, UsageError
from qanat.git import command
from qanat.records import retries, run_codec
from qanat.runners.protocol import Runner
from qanat.usecases.launch import retry_limits, retrying, templates
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.launch.retry import retry
from qanat.usecases.launch.wait import wait
from qanat.usecases.runs import cancel, delete
from tests.support.scheduler import Job, Killed
from tests.support.world import View, World
from tests.unit.usecases.tracking.test_bundled import begins, ends, is_over

POLICY = {"when": ["out_of_memory", "timeout", {"exit_code": [75]}], "times": 2, "memory": "2x", "time": "1.5x"}


@pytest.fixture
def retried(world: World) -> World:
    """Return a world whose experiment has a policy, with a template that limits memory and time."""
    world.experiment("exit 0\n", retry=POLICY)
    world.template("default", mem="100M", time="0-01:00:00")
    return world


def last(world: World, group: int = 0) -> Job:
    """Return the newest job of a group."""
    (job,) = world.scheduler.of(group)
    return job


def fails_with(*errors: Exception) -> Callable[[JobBatch], None]:
    """Return what raises these errors, one at each submission."""
    left = list(errors)

    def refuse(batch: JobBatch) -> None:
        if left:
            raise left.pop(0)

    return refuse


def noted(world: World) -> list[retries.Noted]:
    """List the runs that are noted."""
    return retries.of(world.project.location.private, str(world.root))


# ---- what is retried


def test_a_group_is_retried_until_it_succeeds(retried: World) -> None:
    retried.submit()
    for attempt in (2, 3):
        last(retried).ends(75)
        run = retried.look()
        assert (run.state, run.groups[0].attempt) == (State.QUEUED, attempt)
        assert retried.notes == [f"run 1 of train: group 0 is retried (exit code 75): attempt {attempt} of 3"]
        assert retried.recorded() == retried.committed() == run
    last(retried).ends(0)
    run = retried.look()
    assert (run.state, run.groups[0].attempt) == (State.FINISHED, 3)
    assert [(end.attempt, end.exit_code) for end in run.groups[0].earlier] == [(1, 75), (2, 75)]
    assert run.runner.retry
    assert run.runner.retry.as_mapping() == POLICY
    assert noted(retried) == []


def test_a_group_gets_no_more_attempts_than_the_policy_says(retried: World) -> None:
    retried.submit()
    for _ in range(3):
        last(retried).ends(75)
        run = retried.look()
    assert (run.state, run.groups[0].attempt) == (State.FAILED, 3)
    assert len(retried.scheduler.batches) == 3
    assert noted(retried) == []


def test_only_groups_that_ended_as_the_policy_says_are_retried(retried: World) -> None:
    retried.submit(groups=4)
    for group, status in enumerate((0, 75, 1, 75)):
        last(retried, group).ends(status)
    run = retried.look()
    assert [group.attempt for group in run.groups] == [1, 2, 1, 2]
    assert "2 groups are retried (exit code 75): attempt 2 of 3" in retried.notes[0]
    assert [job.group for job in retried.scheduler.batches[-1].jobs] == [1, 3]


def test_groups_are_retried_once_all_of_the_run_have_ended(retried: World) -> None:
    retried.submit(groups=2)
    last(retried, 0).ends(75)
    last(retried, 1).starts()
    assert [group.attempt for group in retried.look().groups] == [1, 1]
    last(retried, 1).ends(0)
    assert [group.attempt for group in retried.look().groups] == [2, 1]


def test_a_run_without_a_policy_is_not_retried(world: World) -> None:
    world.submit()
    last(world).ends(75)
    assert world.look().state is State.FAILED
    assert not (world.project.location.private / retries.FOLDER).exists()


def test_the_policy_of_a_template_replaces_that_of_the_experiment(retried: World) -> None:
    retried.template("other", retry={"when": [{"exit_code": 3}], "times": 1})
    retried.submit(template="other")
    last(retried).ends(75)
    assert retried.look().state is State.FAILED
    retried.submit(template="other")
    last(retried).ends(3)
    assert retried.look(2).groups[0].attempt == 2


# ---- with what


def test_a_group_gets_more_of_what_it_lacked_and_the_record_says_so(retried: World) -> None:
    retried.submit()
    last(retried).starts()
    last(retried).is_stopped(State.FAILED, "OUT_OF_MEMORY")
    retried.clock.move(60)
    run = retried.look()
    assert retried.notes == [
        "run 1 of train: group 0 is retried (out of memory): attempt 2 of 3, with mem 200M",
    ]
    assert run.runner.options == {"mem": "200M", "time": "0-01:00:00"}
    assert run.submission.changed == {"mem": "2x"}
    last(retried).starts()
    last(retried).is_stopped(State.FAILED, "exceeded the time limit, TIMEOUT")
    retried.clock.move(60)
    run = retried.look()
    assert run.runner.options == {"mem": "200M", "time": "0-01:30:00"}
    assert [(end.attempt, end.reason, dict(end.options)) for end in run.groups[0].earlier] == [
        (1, "OUT_OF_MEMORY", {}),
        (2, "exceeded the time limit, TIMEOUT", {"mem": "2x"}),
    ]


def test_a_group_that_exceeded_its_own_limit_gets_more_of_that_and_its_job_does_not(retried: World) -> None:
    retried.submit(groups=2, per_job=2, time_limit="2s")
    ends(retried, last(retried), 143, first=0, by="time limit of 2s")
    ends(retried, last(retried), 0, first=1)
    is_over(last(retried), State.FAILED, "exit code 1", exit_code=1)
    run = retried.look()
    assert [(group.state, group.attempt) for group in run.groups] == [(State.QUEUED, 2), (State.FINISHED, 1)]
    assert (run.submission.time_limit, run.submission.changed) == ("3s", {})
    said = "run 1 of train: group 0 is retried (timeout): attempt 2 of 3, with 3s for each group"
    assert retried.notes == [said]


def test_a_job_of_several_groups_that_exceeded_its_limit_gets_more(retried: World) -> None:
    retried.submit(groups=2, per_job=2, time_limit="2s")
    begins(retried, last(retried), 0)
    is_over(last(retried), State.FAILED, "exceeded the time limit (TIMEOUT)")
    retried.clock.move(60)
    run = retried.look()
    # The second group never started, and is retried as well.
    assert [(group.state, group.attempt) for group in run.groups] == [(State.QUEUED, 2)] * 2
    assert dict(run.submission.changed) == {"time": "1.5x"}


def test_groups_of_a_job_that_somebody_removed_are_not_retried(retried: World) -> None:
    retried.submit(groups=2, per_job=2)
    begins(retried, last(retried), 0)
    last(retried).is_removed()
    assert [(group.state, group.attempt) for group in retried.look().groups] == [(State.CANCELLED, 1)] * 2


def test_what_has_no_limit_gets_none(world: World) -> None:
    world.experiment("exit 0\n", retry=POLICY)
    world.submit()
    last(world).starts()
    last(world).is_stopped(State.FAILED, "TIMEOUT")
    world.clock.move(60)
    run = world.look()
    assert (run.groups[0].attempt, run.runner.options) == (2, {})


def test_a_template_whose_policy_has_nothing_to_multiply_is_refused(world: World) -> None:
    world.template("other", mem="1G", retry={"when": ["timeout"], "times": 1, "time": "2x"})
    with pytest.raises(UsageError, match=r"retry\.time is 2x, but no option of the template limits the time") as caught:
        world.submit(template="other")
    assert caught.value.hint == "set the limit in its options, or remove retry.time"


def test_a_template_is_checked_for_it_before_a_run(world: World) -> None:
    world.template("other", mem="1G", retry={"when": ["timeout"], "times": 1, "time": "2x"})
    template = templates.find_template(world.project, "world", "other", world)
    said = "retry.time is 2x, but no option of the template limits the time"
    assert templates.check(template, world) == ([said], [])
    world.template("good", time="1:00:00", retry={"when": ["timeout"], "times": 1, "time": "2x"})
    assert templates.check(templates.find_template(world.project, "world", "good", world), world) == ([], [])


def test_a_limit_that_cannot_be_multiplied_is_refused(world: World) -> None:
    world.template("other", mem="plenty", retry={"when": ["out_of_memory"], "times": 1, "memory": "2x"})
    with pytest.raises(UsageError, match=r"retry\.memory is 2x, but mem: plenty cannot be multiplied"):
        world.submit(template="other")


def test_a_runner_that_does_not_know_its_limits_is_named(world: World) -> None:
    class Plain:
        name = "plain"

    policy = retries.RetryPolicy(1, ("timeout",), time="2x")
    plain: Runner = Plain()  # type: ignore[assignment]
    with pytest.raises(UsageError, match="runner plain does not say which options limit memory and time"):
        retry_limits.check(policy, {}, plain, "night")
    retry_limits.check(policy, {}, plain)


def test_programs_are_where_they_were_at_the_launch(retried: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def look(_: JobBatch) -> None:
        seen.append((os.environ.get("PATH"), os.environ.get("VIRTUAL_ENV")))

    monkeypatch.setenv("VIRTUAL_ENV", "/envs/mine")
    retried.submit()
    at_launch = os.environ["PATH"], "/envs/mine"
    monkeypatch.setenv("PATH", f"/elsewhere:{os.environ['PATH']}")
    monkeypatch.delenv("VIRTUAL_ENV")
    retried.scheduler.before_taking = look
    last(retried).ends(75)
    retried.look()
    assert seen == [at_launch]
    assert os.environ["PATH"].startswith("/elsewhere:")
    assert "VIRTUAL_ENV" not in os.environ


# ---- whose runs


def test_nothing_is_retried_because_a_record_says_so(retried: World) -> None:
    retried.submit()
    shutil.rmtree(retried.project.location.private / retries.FOLDER)
    last(retried).ends(75)
    assert retried.look().state is State.FAILED
    assert len(retried.scheduler.batches) == 1


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("before", "after"),
    [("--seed 0", "--seed 9"), ("command: [sh, ", "command: [sh, -x, "), ("mem: 100M", "mem: 900M")],
)
def test_nothing_is_retried_that_a_commit_has_changed(retried: World, before: str, after: str, *, ended: bool) -> None:
    run = retried.submit()
    path = retried.root / run_codec.path_of(run)
    if ended:
        with retries.claimed(noted(retried)[0]):  # so that this look does not retry it
            last(retried).ends(75)
            retried.look()
    else:
        last(retried).ends(75)
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    retried.git("commit", "--quiet", "--all", "--message", "pulled")
    assert retried.look().state is State.FAILED
    assert len(retried.scheduler.batches) == 1
    assert retried.notes == [
        f"run 1 of train: its groups are not retried: {run_codec.path_of(run)}, or a dataset of it, is not as at the"
        " launch; to do so yourself: qanat retry 1"
    ]
    assert noted(retried) == []


def test_a_dataset_whose_command_a_commit_has_changed_starts_nothing(retried: World) -> None:
    file = ".qanat/datasets/d.yaml"
    content = {"schema": "dataset/1", "name": "d", "path": "data", "track": "command", "command": "echo"}
    retried.commit("data", **{file: yaml.safe_dump(content), "data/a": "a\n"})
    retried.experiment("exit 0\n", retry=POLICY, datasets=["d"])
    retried.submit()
    last(retried).ends(75)
    assert retried.look().state is State.QUEUED
    last(retried).ends(75)
    retried.commit("pulled", **{file: yaml.safe_dump(content | {"command": "touch ran"})})
    assert retried.look().state is State.FAILED
    assert len(retried.scheduler.batches) == 2
    assert not (retried.root / "ran").exists()


def test_an_end_that_came_with_a_commit_starts_nothing(retried: World) -> None:
    run = retried.submit()
    path = retried.root / run_codec.path_of(run)
    content = yaml.safe_load(path.read_bytes())
    content |= {"state": "failed"}
    content["groups"][0] |= {"state": "failed", "exit_code": 75}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    retried.git("commit", "--quiet", "--all", "--message", "pulled")
    assert retried.look().state is State.FAILED
    assert len(retried.scheduler.batches) == 1
    assert noted(retried) == []


def test_notes_that_were_copied_with_the_repository_start_nothing(retried: World) -> None:
    run = retried.submit()
    note = retries.file_of(retried.project.location.private, run.id)
    shutil.copy(note, note.with_name("copy"))
    note.unlink()
    note.with_name("copy").rename(note)
    last(retried).ends(75)
    assert retried.look().state is State.FAILED
    assert len(retried.scheduler.batches) == 1


def test_a_record_that_counts_fewer_attempts_gets_no_more_of_them(retried: World) -> None:
    run = retried.submit()
    (found,) = noted(retried)
    retries.write(replace(found, given={0: 2}))
    last(retried).ends(75)
    assert retried.look().state is State.FAILED
    assert run.groups[0].attempt == 1
    assert noted(retried) == []


def test_a_run_that_was_cancelled_is_not_retried(retried: World) -> None:
    retried.submit(groups=2)
    last(retried, 0).ends(75)
    cancel.cancel_run(retried.project, retried.find(), retried)
    run = retried.look()
    assert [group.state for group in run.groups] == [State.FAILED, State.CANCELLED]
    assert len(retried.scheduler.batches) == 1


def test_a_run_that_is_about_to_be_retried_can_be_cancelled(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    _, notes = cancel.cancel_run(retried.project, retried.find(), retried)
    assert notes == ["run 1 of train will not be retried"]
    retried.clock.move(retrying.PAUSE_S)
    assert retried.look().state is State.FAILED
    with pytest.raises(UsageError, match="run 1 of train has already ended: failed"):
        cancel.cancel_run(retried.project, retried.find(), retried)


def test_a_group_that_was_cancelled_is_not_retried(retried: World) -> None:
    retried.submit(groups=2)
    last(retried, 0).ends(75)
    cancel.cancel_groups(retried.project, retried.find(), [1], retried)
    assert [(group.attempt, group.state) for group in retried.look().groups] == [
        (2, State.QUEUED),
        (1, State.CANCELLED),
    ]


def test_a_run_that_is_deleted_is_forgotten(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    found = retried.find()
    assert len(noted(retried)) == 1
    delete.delete_runs(retried.project, [found])
    assert noted(retried) == []


def test_a_retry_by_hand_counts_as_an_attempt(retried: World) -> None:
    retried.submit()
    last(retried).ends(1)
    assert retried.look().state is State.FAILED
    options = LaunchOptions(runner="world")
    retry(retried.project, retried.find(), [0], [], options, {"mem": "3x"}, runners=retried, view=View())
    last(retried).ends(75)
    run = retried.look()
    assert (run.groups[0].attempt, run.runner.options["mem"]) == (3, "300M")
    last(retried).ends(75)
    assert retried.look().state is State.FAILED


def test_a_retry_by_hand_at_the_same_time_counts_and_the_policy_goes_on(
    retried: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    retried.submit()
    last(retried).ends(75)
    check = retried.scheduler.check

    def by_hand() -> None:
        monkeypatch.setattr(retried.scheduler, "check", check)
        options = LaunchOptions(runner="world")
        retry(retried.project, retried.find(), [0], [], options, {}, runners=retried, view=View())

    monkeypatch.setattr(retried.scheduler, "check", by_hand)
    run = retried.look()
    assert (run.state, run.groups[0].attempt, retried.notes) == (State.QUEUED, 2, [])
    assert len(retried.scheduler.batches) == 2
    last(retried).ends(75)
    assert retried.look().groups[0].attempt == 3
    last(retried).ends(75)
    assert retried.look().state is State.FAILED


def test_a_rerun_is_retried_as_the_run_was(retried: World) -> None:
    retried.submit()
    last(retried).ends(0)
    found = retried.find()
    options = LaunchOptions(runner="world")
    rerun(retried.project, found, [], options, Repeat(), runners=retried, ask=retried.ask, view=View())
    last(retried).ends(75)
    assert retried.look(2).groups[0].attempt == 2


# ---- what may go wrong


def test_a_submission_that_fails_leaves_the_run_as_it_was_and_is_tried_again_later(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    run = retried.look()
    assert run.state is State.FAILED
    assert retried.recorded() == retried.committed() == run
    assert retried.notes == [
        "run 1 of train: its groups could not be retried: the queue is full; a later command tries again"
    ]
    assert retried.look().state is State.FAILED
    assert retried.notes == []
    retried.clock.move(retrying.PAUSE_S)
    assert retried.look().groups[0].attempt == 2


def test_a_submission_that_keeps_failing_is_given_up(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(*[SubmitFailed("it has no such memory")] * 20)
    tries = 0
    while noted(retried):
        retried.look()
        tries += 1
        retried.clock.move(86_400)
        assert tries <= retrying.FAILURES_MAX
    assert retried.notes == [
        "run 1 of train: its groups are not retried: it has no such memory; to do so yourself: qanat retry 1"
    ]
    retried.look()
    assert retried.notes == []


def test_what_no_later_command_can_change_is_said_once(retried: World) -> None:
    run = retried.submit()
    last(retried).ends(75)
    head = command.output(retried.root, "rev-parse", "HEAD").strip()
    retried.write("train.sh", "exit 1\n")
    retried.git("commit", "--quiet", "--all", "--message", "other code")
    retried.git("reset", "--quiet", "--soft", head)
    (retried.root / run.storage / "info.yaml").unlink()
    retried.look()
    (note,) = retried.notes
    assert note.startswith("run 1 of train: its groups are not retried: ")
    assert note.endswith("; to do so yourself: qanat retry 1")
    retried.look()
    assert retried.notes == []


def test_a_scheduler_that_does_not_answer_is_asked_again_later(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    last(retried).says()
    retried.scheduler.down = "no answer"
    assert retried.look().state is State.FAILED
    assert "no answer; a later command tries again" in retried.notes[-1]
    retried.scheduler.down = ""
    retried.clock.move(retrying.PAUSE_S)
    assert retried.look().groups[0].attempt == 2


def test_an_answer_that_is_missing_is_found_by_the_next_command(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.after_taking = fails_with(SubmitUnknown("no answer came"))
    retried.look()
    assert retried.notes == ["run 1 of train: no answer came"]
    run = retried.look()
    assert (run.groups[0].job, run.groups[0].attempt) == ("2.0", 2)
    assert len(retried.scheduler.batches) == 2


def test_a_command_that_is_killed_submits_nothing_twice(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)

    def die(batch: JobBatch) -> None:
        retried.scheduler.after_taking = lambda _: None
        raise Killed

    retried.scheduler.after_taking = die
    with retried.killed():
        retried.look()
    run = retried.look()
    assert (run.groups[0].job, run.groups[0].attempt) == ("2.0", 2)
    assert len(retried.scheduler.batches) == 2


def test_two_commands_submit_once(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    others: list[Run] = []

    def another(batch: JobBatch) -> None:
        retried.scheduler.before_taking = lambda _: None
        others.append(retried.look())

    retried.scheduler.before_taking = another
    run = retried.look()
    assert [group.attempt for group in run.groups] == [2]
    assert len(others) == 1
    assert len(retried.scheduler.batches) == 2


def test_another_command_that_is_about_to_retry_a_run_is_waited_for(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    (found,) = noted(retried)
    with retries.claimed(found) as ours:
        assert ours
        assert retried.look().state is State.FAILED
        assert len(retried.scheduler.batches) == 1
    assert retried.look().state is State.QUEUED


def test_a_run_is_waited_for_until_it_is_not_retried_any_more(retried: World) -> None:
    run = retried.submit()
    ends = [75, 75, 0]

    def end(name: str, what: Any) -> None:
        job = last(retried)
        if job.status.state is State.QUEUED:
            job.ends(ends.pop(0))

    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    outcome = wait(retried.project, run, retried, View(end))
    assert (outcome.run.state, outcome.run.groups[0].attempt) == (State.FINISHED, 3)
    assert ends == []


# ---- as it is asked for


def test_any_failure_is_retried_as_often_as_it_is_asked_for(world: World) -> None:
    world.submit(retry=1)
    last(world).ends(3)
    assert world.look().groups[0].attempt == 2
    last(world).ends(3)
    assert world.look().state is State.FAILED


def test_a_policy_applies_as_often_as_it_is_asked_for(retried: World) -> None:
    run = retried.submit(retry=7)
    assert run.runner.retry
    assert run.runner.retry.as_mapping() == POLICY | {"times": 7}


def test_nothing_is_retried_if_that_is_asked_for(retried: World) -> None:
    assert retried.submit(retry=0).runner.retry is None
    last(retried).ends(75)
    assert retried.look().state is State.FAILED


def test_a_retry_by_hand_can_be_the_last_one(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    found = retried.find()
    options = LaunchOptions(runner="world", retry=0)
    retry(retried.project, found, [0], [], options, {}, runners=retried, view=View())
    assert noted(retried) == []


@pytest.mark.parametrize("times", [-1, 21])
def test_a_number_of_retries_that_cannot_be_is_refused(world: World, times: int) -> None:
    with pytest.raises(UsageError, match=f"--retry is {times}") as caught:
        world.submit(retry=times)
    assert caught.value.hint == "use a whole number from 0 to 20"


# ---- what is pending


def test_a_group_that_is_retried_later_is_pending_until_its_run_has_ended(retried: World) -> None:
    retried.submit(groups=4)
    for group in (0, 1):
        last(retried, group).ends(75)
    last(retried, 2).starts()
    found = retried.find()
    assert str(found.retry) == "run 1: retry pending: 2 groups, attempt 2 of 3, once the run has ended"
    done = cancel.cancel_groups(retried.project, found, [0, 2], retried)
    assert (done.active, done.unretried, done.ended) == ((2,), (0,), ())
    found = retried.find()
    assert str(found.retry) == "run 1: retry pending: group 1, attempt 2 of 3, once the run has ended"
    last(retried, 3).ends(0)
    assert [group.attempt for group in retried.look().groups] == [1, 2, 1, 1]
    assert retried.find().retry is None


def test_a_wait_that_is_interrupted_cancels_a_retry_that_is_pending(retried: World) -> None:
    run = retried.submit()
    last(retried).ends(75)
    retried.scheduler.before_taking = fails_with(SubmitFailed("the queue is full"))
    interrupts = [KeyboardInterrupt()]

    def interrupt(name: str, what: Any) -> None:
        if interrupts:
            raise interrupts.pop()

    outcome = wait(retried.project, run, retried, View(interrupt), cancel_on_interrupt=True)
    assert (outcome.run.state, outcome.run.groups[0].attempt) == (State.FAILED, 1)
    assert len(retried.scheduler.batches) == 1


def test_a_cancellation_says_that_another_command_is_submitting(retried: World) -> None:
    retried.submit()
    last(retried).ends(75)
    (found,) = noted(retried)
    with retries.claimed(found):
        pending = retried.find()
        assert str(pending.retry).endswith("attempt 2 of 3, which another command is about to submit")
        with pytest.raises(UsageError, match="run 1 is being retried by another command"):
            cancel.cancel_run(retried.project, pending, retried)
    assert retried.look().state is State.QUEUED


def test_a_full_disk_takes_no_note_away(retried: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes, *_: object) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(noted_in):
            raise OSError(errno.ENOSPC, "no space left on device")
        return written(descriptor, data, *_)

    retried.submit()
    last(retried).ends(75)
    noted_in = retried.project.location.private / retries.FOLDER
    written = os.pwrite
    monkeypatch.setattr(os, "pwrite", full)
    retried.look()
    assert "no space left on device" in retried.notes[0].lower()
    monkeypatch.setattr(os, "pwrite", written)
    assert retried.look().groups[0].attempt == 2


def test_the_note_on_a_run_of_many_groups_is_read(retried: World) -> None:
    retried.submit()
    (found,) = noted(retried)
    retries.write(replace(found, given=dict.fromkeys(range(10_000), 2)))
    assert noted(retried)[0].given[9_999] == 2


# ---- beside a checkpoint


def test_a_checkpoint_bounds_the_attempts_by_the_policy_and_not_those_of_a_user(retried: World) -> None:
    checkpoint = {"exit_code": 85, "attempts": 3}
    retried.experiment("exit 0\n", retry={"when": ["failed"], "times": 9}, checkpoint=checkpoint)
    retried.submit()
    left = []
    for _ in range(2):
        last(retried).ends(75)
        assert retried.look().state is State.QUEUED
        left.append(last_checkpoint(retried))
    assert left == [2, 1]
    last(retried).ends(75)
    assert retried.look().state is State.FAILED
    assert noted(retried) == []
    options = LaunchOptions(runner="world")
    retry(retried.project, retried.find(), [0], [], options, {}, runners=retried, view=View())
    assert last_checkpoint(retried) == 3


def last_checkpoint(world: World) -> int:
    """Return how many attempts the newest job was given."""
    (job,) = world.scheduler.batches[-1].jobs
    assert job.checkpoint
    return job.checkpoint.attempts


def test_an_experiment_whose_factor_has_nothing_to_multiply_is_noted_at_the_launch(world: World) -> None:
    world.experiment("exit 0\n", retry=POLICY)
    world.template("other", mem="1G")
    world.submit(template="other")
    notes = [what for name, what in world.view.events if name == "note"]
    assert notes == ["retry.time, which is 1.5x, has no effect: no option of template other limits the time"]


def test_a_bug_in_a_retry_is_reported_and_stops_no_command(retried: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("here")

    retried.submit()
    last(retried).ends(75)
    monkeypatch.setattr("tempfile.tempdir", str(retried.root.parent))
    monkeypatch.setattr("qanat.usecases.launch.retry.retry", fail)
    assert retried.look().state is State.FAILED
    (said,) = retried.notes
    assert said.startswith("run 1 of train: its groups are not retried: this is a bug in qanat: ValueError('here')")
    assert said.endswith("; to do so yourself: qanat retry 1")
    assert noted(retried) == []
