"""The state of submitted runs: from completion files first, then the scheduler, then time."""

from __future__ import annotations

import json

import pytest

from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.domain.used import Used
from tests.support.scheduler import START
from tests.support.world import World

RUNNING, QUEUED, HELD = State.RUNNING, State.QUEUED, State.HELD
FINISHED, FAILED, CANCELLED, LOST = State.FINISHED, State.FAILED, State.CANCELLED, State.LOST


def states(world: World) -> list[State]:
    """Refresh, and list the states of the groups of run 1."""
    return [group.state for group in world.look().groups]


# ---- what the scheduler says


def test_a_job_waits_runs_is_held_and_goes_on_as_the_scheduler_says(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    assert states(world) == [QUEUED]
    job.is_held("JobHeldUser")
    assert (world.look().state, world.look().groups[0].reason) == (HELD, "JobHeldUser")
    job.is_released()
    assert states(world) == [QUEUED]
    world.clock.move(5)
    job.starts("node3")
    (group,) = world.look().groups
    assert (group.state, group.started, group.host) == (RUNNING, "2026-11-23T05:18:00+00:00", "node3")
    assert (group.job, group.ended, group.exit_code) == ("1.0", None, None)
    assert world.notes == []


def test_what_a_scheduler_says_of_a_run_that_goes_on_is_shown_and_not_written(world: World) -> None:
    before = world.submit(2)
    for job in world.scheduler.of(0, 1):
        job.starts()
    assert states(world) == [RUNNING, RUNNING]
    assert world.recorded() == world.committed() == before
    assert world.subjects() == ["qanat: run 1 of train queued"]


def test_one_question_asks_about_all_jobs_of_all_runs(world: World) -> None:
    world.submit(2)
    world.submit(3)
    world.scheduler.polls.clear()
    world.look()
    assert [[handle.job for handle in poll] for poll in world.scheduler.polls] == [["1.0", "1.1", "2.0", "2.1", "2.2"]]


def test_a_job_is_asked_for_with_its_intent_and_the_details_of_its_submission(world: World) -> None:
    run = world.submit()
    world.look()
    (handle,) = world.scheduler.polls[-1]
    assert (handle.intent, handle.group, handle.job) == (run.submission.intent, 0, "1.0")
    assert handle.details["folder"] == str(world.root / "results/train/run_1")
    assert (handle.details["cluster"], handle.details["submitted"]) == (1, run.submission.submitted)


def test_groups_that_have_ended_are_not_asked_about_again(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    first.ends(0)
    second.starts()
    assert states(world) == [FINISHED, RUNNING]
    assert states(world) == [FINISHED, RUNNING]
    assert [[handle.group for handle in poll] for poll in world.scheduler.polls[-2:]] == [[1], [1]]


def test_a_scheduler_with_nothing_to_be_asked_about_is_not_asked(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.ends(0)
    world.scheduler.polls.clear()
    assert states(world) == [FINISHED]
    assert world.scheduler.polls == []


# ---- the completion file is the truth about the end


@pytest.mark.parametrize(
    ("status", "state", "exit_code", "signal"),
    [(0, FINISHED, 0, None), (3, FAILED, 3, None), (143, FAILED, None, 15)],
)
def test_a_completion_file_tells_the_end(
    world: World, status: int, state: State, exit_code: int | None, signal: int | None
) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts("node9")
    world.clock.move(60)
    job.ends(status)
    world.clock.move(60)
    (group,) = world.look().groups
    assert (group.state, group.exit_code, group.signal) == (state, exit_code, signal)
    assert (group.started, group.ended, group.host) == (START, "2026-11-23T05:18:55+00:00", "node9")
    assert world.committed() == world.recorded() == world.look()


def test_a_completion_file_is_believed_though_the_scheduler_says_that_the_job_runs(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.says(JobStatus(RUNNING, started=START))
    job.ends(0)
    assert states(world) == [FINISHED]


def test_a_completion_file_is_believed_though_the_scheduler_is_down(world: World) -> None:
    world.submit(2)
    first, _ = world.scheduler.of(0, 1)
    first.ends(0)
    world.scheduler.down = "no route to host"
    assert states(world) == [FINISHED, QUEUED]


def test_a_completion_file_is_believed_though_the_scheduler_has_forgotten_the_job(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.vanishes()
    job.ends(7)
    assert world.look().groups[0].exit_code == 7


def test_half_a_completion_file_tells_nothing_yet(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.leaves('{"attempt": 1, "status": 0')
    assert states(world) == [RUNNING]
    job.leaves('{"attempt": 1, "status": 0}\n')
    assert states(world) == [FINISHED]


def test_a_job_that_says_to_have_ended_is_running_until_its_completion_file_comes(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(0, file_after_s=10)
    (group,) = world.look().groups
    assert (group.state, group.reason, group.exit_code, group.ended) == (RUNNING, "ending", None, None)
    assert world.recorded().state is QUEUED
    world.clock.move(10)
    assert states(world) == [FINISHED]


def test_a_signal_is_not_told_of_a_job_whose_completion_file_is_waited_for(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(137, file_after_s=10)
    (group,) = world.look().groups
    assert (group.state, group.signal, group.reason) == (RUNNING, None, "ending")


@pytest.mark.parametrize(("waited_s", "expected"), [(14, RUNNING), (15, FAILED)])
def test_an_end_without_a_completion_file_is_believed_after_fifteen_seconds(
    world: World, waited_s: int, expected: State
) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(9, file_after_s=None)
    world.clock.move(waited_s)
    assert states(world) == [expected]
    if expected is FAILED:
        (group,) = world.recorded().groups
        assert (group.exit_code, group.reason, group.ended) == (9, "exit code 9", START)


def test_how_long_a_completion_file_is_waited_for_can_be_set(world: World) -> None:
    world.set(grace={"file_s": 100})
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(0, file_after_s=None)
    world.clock.move(99)
    assert states(world) == [RUNNING]
    world.clock.move(1)
    assert states(world) == [FINISHED]


def test_a_completion_file_that_comes_while_the_scheduler_is_asked_is_seen(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(3, file_after_s=20)
    job.says(JobStatus(FINISHED, exit_code=0, ended=START))
    world.scheduler.answer_s = 20
    (group,) = world.look().groups
    assert (group.state, group.exit_code) == (FAILED, 3)


def test_a_completion_file_that_comes_while_the_scheduler_is_asked_outdoes_a_cancel(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(0, file_after_s=5)
    job.says(JobStatus(CANCELLED, ended=START))
    world.scheduler.answer_s = 5
    assert states(world) == [FINISHED]


def test_a_completion_file_that_comes_while_a_forgetful_scheduler_is_asked_is_seen(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.vanishes()
    job.ends(0, file_after_s=5)
    world.scheduler.answer_s = 5
    assert states(world) == [FINISHED]


def test_a_job_that_was_removed_has_no_completion_file_to_wait_for(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.is_removed()
    (group,) = world.look().groups
    assert (group.state, group.reason, group.ended) == (CANCELLED, "CANCELLED by 1000", START)


def test_a_removal_of_one_group_leaves_the_others_going(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    first.is_removed()
    second.starts()
    assert states(world) == [CANCELLED, RUNNING]
    assert world.look().state is RUNNING


@pytest.mark.parametrize("code", [2, 126, 127])
def test_a_job_whose_script_could_not_be_read_says_where_the_project_should_be(world: World, code: int) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(code, file_after_s=None)
    world.clock.move(15)
    (group,) = world.look().groups
    assert (group.state, group.exit_code) == (FAILED, code)
    assert group.reason.startswith(f"exit code {code}; ")
    assert f"is {world.root} available on the machine" in group.reason


def test_metrics_are_collected_when_a_group_ends(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    second.starts()
    (second.spec.storage / "metrics.json").write_text('{"loss": 0.25}')
    first.starts()
    (first.spec.storage / "metrics.json").write_text('{"loss": 0.5}')
    first.ends(0)
    assert [group.metrics for group in world.look().groups] == [{"loss": 0.5}, {}]
    second.ends(1)
    assert [group.metrics for group in world.look().groups] == [{"loss": 0.5}, {"loss": 0.25}]


def test_curves_are_summed_up_when_a_group_ends(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    for job in (first, second):
        job.starts()
        (job.spec.storage / "metrics.jsonl").write_text('{"step": 5, "loss": 2}\n{"step": 6, "loss": 1}\n{"st')
    first.ends(0)
    second.ends(137)  # killed while it wrote a line
    for group in world.look().groups:
        assert (group.metrics, group.curves["loss"].last, group.curves["loss"].count) == ({"loss": 1}, (1, 6), 2)
    assert world.committed() == world.recorded()


def test_metrics_come_from_where_the_experiment_says(world: World) -> None:
    path = world.root / ".qanat/experiments/train.yaml"
    path.write_text(path.read_text() + "metrics: [{file: scores.json, keys: [acc]}]\n")
    world.git("commit", "-aqm", "metrics")
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    (job.spec.storage / "scores.json").write_text('{"acc": 1, "other": 2}')
    job.ends(0)
    assert world.look().groups[0].metrics == {"acc": 1}


def test_a_run_whose_experiment_is_gone_ends_all_the_same(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    (job.spec.storage / "metrics.json").write_text('{"loss": 1}')
    job.ends(0)
    (world.root / ".qanat/experiments/train.yaml").unlink()
    assert world.look().groups[0].metrics == {"loss": 1}


# ---- attempts


def test_a_file_of_an_earlier_attempt_is_not_taken_for_the_end_of_this_one(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.leaves('{"attempt": 0, "status": 0}\n')
    assert states(world) == [RUNNING]


def test_a_start_that_the_scheduler_made_again_is_another_attempt(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.is_requeued()
    assert (states(world), world.look().groups[0].attempt) == ([QUEUED], 2)
    job.starts()
    assert world.look().groups[0].attempt == 2
    job.ends(0)
    assert (world.look().state, world.look().groups[0].attempt) == (FINISHED, 2)


def test_how_each_attempt_ended_that_the_scheduler_started_again_is_recorded(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.is_stopped()
    job.is_requeued()
    (stopped,) = world.look().groups[0].earlier  # before the script could note it
    assert (stopped.attempt, stopped.described, stopped.signal) == (
        1,
        "stopped by the scheduler (ended by SIGTERM)",
        15,
    )
    job.starts("node8")
    assert world.look().groups[0].earlier == (stopped,)
    job.ends(3)
    job.is_requeued()
    job.starts()
    job.ends(0)
    (first, second) = world.look().groups[0].earlier
    assert first == stopped
    assert (second.attempt, second.described, second.exit_code) == (2, "failed (exit code 3)", 3)
    assert (second.host, second.started, second.ended) == ("node8", START, START)
    assert world.committed().groups[0].earlier == (first, second)


def test_what_a_program_writes_among_the_ends_of_attempts_is_left_out(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.is_requeued()
    job.starts()
    told = [{"attempt": n, "end": "exit", "status": 0} for n in (0, 2, 3, 10**9)]
    kinds = [{"attempt": 1, "end": kind, "status": 0} for kind in (None, [], "finished")]
    lines = [
        *map(json.dumps, [*told, *kinds]),
        "x",
        "[]",
        '{"end": "exit"}',
        '{"end": "exit", "attempt": 1}',
        "[" * 9999,
    ]
    end = json.dumps({"attempt": 1, "end": "lost", "started": "soon"})
    job.leaves("\n".join(["x" * 2**17, *lines, end, ""]), "earlier.jsonl")
    (group,) = world.look().groups
    assert [each.described for each in group.earlier] == ["lost (how it ended is unknown)"]
    (job.spec.storage / "earlier.jsonl").rename(world.root / "elsewhere")
    (job.spec.storage / "earlier.jsonl").symlink_to(world.root / "elsewhere")
    assert world.look().groups[0].earlier == ()


def test_an_end_is_not_believed_of_a_job_that_its_scheduler_may_start_again(world: World) -> None:
    world.template("again", requeue=True)
    world.submit(template="again")
    (job,) = world.scheduler.of(0)
    job.ends(1)
    job.says(JobStatus(QUEUED), JobStatus(None))
    assert states(world) == [QUEUED]
    # When the scheduler knows it no more, nobody will.
    assert states(world) == [FAILED]


# ---- jobs that are not there


@pytest.mark.parametrize(("waited_s", "expected"), [(59, RUNNING), (60, LOST)])
def test_a_job_that_a_scheduler_does_not_know_is_given_a_minute(world: World, waited_s: int, expected: State) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts("node7")
    assert states(world) == [RUNNING]
    job.vanishes()
    assert states(world) == [RUNNING]
    world.clock.move(waited_s)
    (group,) = world.look().groups
    assert (group.state, group.host) == (expected, "node7")
    assert (expected is LOST) == ("the world's scheduler does not know job 1.0" in group.reason)


def test_how_long_an_unknown_job_is_given_can_be_set(world: World) -> None:
    world.set(grace={"unknown_s": 5})
    world.submit()
    (job,) = world.scheduler.of(0)
    job.vanishes()
    assert states(world) == [QUEUED]
    world.clock.move(5)
    assert states(world) == [LOST]


def test_time_in_which_nobody_looked_does_not_count_against_a_job(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    assert states(world) == [QUEUED]
    job.vanishes()
    world.clock.move(86_400)
    assert states(world) == [QUEUED]


def test_a_job_that_comes_back_is_given_as_long_the_next_time(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.vanishes()
    assert states(world) == [QUEUED]
    world.clock.move(50)
    job.comes_back()
    assert states(world) == [QUEUED]
    job.vanishes()
    world.clock.move(50)
    assert states(world) == [QUEUED]
    world.clock.move(60)
    assert states(world) == [LOST]


def test_a_job_that_is_listed_late_is_waited_for(world: World) -> None:
    world.scheduler.listed_after_s = 30
    world.submit()
    assert states(world) == [QUEUED]
    world.clock.move(30)
    assert states(world) == [QUEUED]
    world.clock.move(60)
    for job in world.scheduler.of(0):
        job.ends(0)
    assert states(world) == [FINISHED]


def test_a_job_is_never_taken_for_finished_because_it_is_not_listed(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    (job.spec.storage / "metrics.json").write_text('{"loss": 1}')
    job.vanishes()
    world.look()
    world.clock.move(60)
    (group,) = world.look().groups
    assert (group.state, group.exit_code, group.metrics) == (LOST, None, {})
    assert group.reason.startswith("how it ended is unknown: no completion.json in run_1")


def test_a_job_that_was_stopped_and_is_forgotten_was_stopped_by_the_scheduler(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.is_stopped()
    job.vanishes()
    world.look()
    assert states(world) == [QUEUED]
    world.clock.move(60)
    (group,) = world.look().groups
    assert (group.state, group.reason) == (CANCELLED, "stopped by the scheduler for an unknown reason")
    assert group.ended == START


def test_a_stop_of_an_earlier_attempt_is_not_that_of_this_one(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.leaves('{"attempt": 0, "status": 143}\n', "stopped.json")
    job.vanishes()
    world.look()
    world.clock.move(60)
    assert states(world) == [LOST]


# ---- what a job used


def test_what_a_completion_file_says_was_used_is_recorded(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.leaves('{"attempt": 1, "status": 0, "used": {"cpu_s": 12.5, "memory_mib": 310, "energy": 7}}\n')
    (group,) = world.look().groups
    assert (group.state, group.used) == (FINISHED, Used(12.5, 310))
    assert world.recorded().groups == (group,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stopped.json", '{"attempt": 1, "status": 143, "used": {"cpu_s": 3, "memory_mib": 2}}\n'),
        (".job-used", "0 1024 100 0 0 0\n0 2048 300 0 0 0\n0 9999"),
    ],
)
def test_what_a_killed_job_had_used_by_then_is_recorded(world: World, name: str, text: str) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.ends(9, file_after_s=None)
    job.leaves(text, name)
    world.clock.move(15)
    (group,) = world.look().groups
    assert (group.state, group.source, group.used) == (FAILED, "scheduler", Used(3, 2))
    assert world.recorded().groups[0].used == Used(3, 2)


# ---- the cause of a kill


def test_the_scheduler_is_asked_why_a_program_was_killed(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(137, cause="OUT_OF_MEMORY")
    (group,) = world.look().groups
    assert (group.state, group.signal) == (FAILED, 9)
    assert group.reason == "ended by SIGKILL, OUT_OF_MEMORY"
    assert world.recorded().groups[0].reason == group.reason


def test_a_kill_without_a_cause_is_just_a_kill(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(137)
    assert world.look().groups[0].reason == "ended by SIGKILL"


@pytest.mark.parametrize(("waited_s", "expected"), [(14, RUNNING), (15, FAILED)])
def test_a_scheduler_has_fifteen_seconds_to_see_that_a_program_was_killed(
    world: World, waited_s: int, expected: State
) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(137, cause="OUT_OF_MEMORY")
    world.clock.move(waited_s)
    job.says(JobStatus(RUNNING))
    (group,) = world.look().groups
    assert group.state is expected
    assert group.reason == ("ending" if expected is RUNNING else "ended by SIGKILL")


def test_no_cause_is_asked_for_when_no_signal_9_ended_a_program(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    first.ends(143, cause="TIMEOUT")
    second.ends(9, cause="NODE_FAIL")
    world.scheduler.polls.clear()
    assert [group.reason for group in world.look().groups] == ["ended by SIGTERM", "exit code 9"]
    assert world.scheduler.polls == []


def test_a_cause_that_an_unreachable_scheduler_would_know_is_done_without(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(137, cause="OUT_OF_MEMORY")
    world.scheduler.down = "no route to host"
    world.clock.move(15)
    assert world.look().groups[0].reason == "ended by SIGKILL"
    assert world.notes == []


def test_a_clock_that_was_put_back_does_not_put_off_the_end_of_waiting(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    world.look()
    job.vanishes()
    world.clock.move(365 * 86_400)
    world.look()
    world.clock.move(-365 * 86_400)
    assert world.look().state is RUNNING
    world.clock.move(86_400)
    assert world.look().state is LOST
