"""The states of groups whose jobs work through several of them: the scheduler knows jobs, files know groups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.job import JobStatus
from qanat.domain.run import Group, State
from qanat.errors import UsageError
from qanat.usecases.runs import cancel
from tests.support.scheduler import Job, Killed
from tests.support.world import World

RUNNING, QUEUED, HELD = State.RUNNING, State.QUEUED, State.HELD
FINISHED, FAILED, CANCELLED, LOST = State.FINISHED, State.FAILED, State.CANCELLED, State.LOST


def folder(job: Job, group: int) -> Path:
    """Return the directory of a group, which its job creates."""
    (own,) = [each.storage for each in job.spec.bundled if each.group == group]
    own.mkdir(parents=True, exist_ok=True)
    return own


def begins(world: World, job: Job, *groups: int) -> None:
    """Let a job begin with groups."""
    if job.status.state is not RUNNING:
        restarts = job.status.restarts
        job.status = JobStatus(RUNNING, started=world.clock.now(), host="node7", restarts=restarts)
    for group in groups:
        with (folder(job, group) / "starts").open("a") as file:
            file.write(f"{world.clock.now()}\n")


def ends(world: World, job: Job, *statuses: int, first: int, by: str = "exit", name: str = COMPLETION) -> None:
    """Let groups of a job begin and end, with these exit statuses."""
    for group, status in enumerate(statuses, first):
        begins(world, job, group)
        attempt = next(each.attempt for each in job.spec.bundled if each.group == group)
        content = {"attempt": attempt, "status": status, "by": by, "started": world.clock.now()}
        (folder(job, group) / name).write_text(
            json.dumps(content | {"ended": world.clock.now(), "host": "node7"}) + "\n"
        )


def is_over(job: Job, state: State, reason: str = "", exit_code: int | None = None) -> None:
    """Let the scheduler say that a job has ended."""
    job.status = JobStatus(state, exit_code=exit_code, reason=reason, ended=job.clock.now(), host="node7")


def shown(world: World) -> list[tuple[State, str]]:
    """Refresh, and list the states and reasons of the groups of run 1."""
    return [(group.state, group.reason) for group in world.look().groups]


def states(world: World) -> list[State]:
    return [state for state, _ in shown(world)]


def groups(world: World) -> tuple[Group, ...]:
    return world.look().groups


def test_a_scheduler_gets_a_job_for_so_many_groups_each(world: World) -> None:
    run = world.submit(5, per_job=2, n_threads=3)
    (batch,) = world.scheduler.batches
    assert [(job.group, [each.group for each in job.bundled]) for job in batch.jobs] == [
        (0, [0, 1]),
        (1, [2, 3]),
        (2, [4]),
    ]
    assert (batch.at_once, run.submission.per_job, run.submission.at_once) == (3, 2, 3)
    assert [group.job for group in run.groups] == ["1.0", "1.0", "1.1", "1.1", "1.2"]
    assert world.recorded() == world.committed() == run
    world.look()
    assert [(handle.group, handle.job) for handle in world.scheduler.polls[-1]] == [(0, "1.0"), (1, "1.1"), (2, "1.2")]


def test_a_group_runs_once_its_job_has_begun_with_it(world: World) -> None:
    world.submit(4, per_job=2)
    first, second = world.scheduler.of(0, 1)
    first.status = JobStatus(QUEUED, reason="Resources")
    assert shown(world) == [(QUEUED, "Resources"), (QUEUED, "Resources"), (QUEUED, ""), (QUEUED, "")]
    begins(world, second)
    world.clock.move(5)
    begins(world, second, 2)
    turn = "waits in job 1.1 for its turn"
    assert shown(world)[2:] == [(RUNNING, ""), (QUEUED, turn)]
    assert (groups(world)[2].started, groups(world)[2].host) == ("2026-11-23T05:18:00+00:00", "node7")
    ends(world, second, 3, first=2)
    assert shown(world)[2:] == [(FAILED, "exit code 3"), (QUEUED, turn)]
    ends(world, second, 0, first=3)
    assert states(world) == [QUEUED, QUEUED, FAILED, FINISHED]


def test_no_more_groups_are_looked_for_than_may_have_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.submit(300, per_job=100)
    job = next(world.scheduler.of(1))
    ends(world, job, 0, 0, first=100)
    looked: list[str] = []
    from qanat.records import storage

    read = storage.read_completion
    monkeypatch.setattr(storage, "read_completion", lambda *args: looked.append(args[0].name) or read(*args))
    assert states(world).count(FINISHED) == 2
    assert looked == ["group_0", "group_100", "group_101", "group_102", "group_200"]


def test_what_ends_a_job_ends_the_group_that_runs_and_others_never_start(world: World) -> None:
    world.submit(4, per_job=4)
    (job,) = world.scheduler.of(0)
    ends(world, job, 0, first=0)
    ends(world, job, 143, first=1, name=STOPPED)
    is_over(job, FAILED, "exceeded the time limit (TIMEOUT)")
    assert states(world) == [FINISHED, RUNNING, RUNNING, RUNNING]
    world.clock.move(60)
    why = "not started, since its job 1.0 had ended: exceeded the time limit (TIMEOUT)"
    assert shown(world) == [
        (FINISHED, ""),
        (FAILED, "exceeded the time limit (TIMEOUT)"),
        (CANCELLED, why),
        (CANCELLED, why),
    ]
    last = world.recorded().groups[3]
    assert (last.started, last.host, last.exit_code, last.source) == (None, None, None, "scheduler")
    assert last.ended == job.status.ended


def test_a_removed_job_cancels_all_that_is_left_of_it(world: World) -> None:
    world.submit(3, per_job=3)
    (job,) = world.scheduler.of(0)
    begins(world, job, 0)
    job.is_removed()
    assert shown(world) == [(CANCELLED, "CANCELLED by 1000")] * 3


def test_a_job_that_could_not_begin_has_failed_with_all_its_groups(world: World) -> None:
    world.submit(2, per_job=2)
    (job,) = world.scheduler.of(0)
    is_over(job, FAILED, "exit code 127", exit_code=127)
    world.clock.move(60)
    where = f"its job left no completion.json: is {world.root} available on the machine that ran it?"
    assert shown(world) == [(FAILED, f"exit code 127; {where}")] * 2


def test_a_job_that_has_ended_says_nothing_of_a_group_that_left_no_end(world: World) -> None:
    """As on a full disk."""
    world.submit(3, per_job=3)
    (job,) = world.scheduler.of(0)
    begins(world, job, 0)
    ends(world, job, 0, first=1)
    is_over(job, FINISHED, exit_code=0)
    world.clock.move(60)
    assert shown(world) == [
        (LOST, "how it ended is unknown: its job 1.0 has ended, and left no completion.json"),
        (FINISHED, ""),
        (CANCELLED, "not started, since its job 1.0 had ended"),
    ]


def test_a_job_that_the_scheduler_forgets_loses_only_the_group_that_ran(world: World) -> None:
    world.submit(3, per_job=3)
    (job,) = world.scheduler.of(0)
    ends(world, job, 0, first=0)
    begins(world, job, 1)
    job.vanishes()
    states(world)
    world.clock.move(100)
    found = groups(world)
    assert [group.state for group in found] == [FINISHED, LOST, CANCELLED]
    assert found[2].reason == "not started, since its job 1.0 had ended"


def test_a_job_that_starts_again_shows_the_attempt_of_the_group_that_it_repeats(world: World) -> None:
    world.submit(3, per_job=3)
    (job,) = world.scheduler.of(0)
    ends(world, job, 0, first=0)
    begins(world, job, 1)
    job.is_requeued()
    assert states(world) == [FINISHED, QUEUED, QUEUED]
    begins(world, job, 1)
    found = groups(world)
    assert [(group.state, group.attempt) for group in found] == [(FINISHED, 1), (RUNNING, 2), (QUEUED, 1)]


def test_a_scheduler_that_may_start_jobs_again_does_not_start_groups_again(world: World) -> None:
    world.template("again", requeue=True)
    world.submit(2, per_job=2, template="again")
    (job,) = world.scheduler.of(0)
    ends(world, job, 0, 1, first=0)
    assert states(world) == [FINISHED, FAILED]


# ---- retrying, repeating, recovering


def test_a_retry_takes_groups_and_packs_them_anew(world: World) -> None:
    from qanat.usecases.launch.options import LaunchOptions
    from qanat.usecases.launch.retry import retry

    world.submit(7, per_job=3, time_limit="1h")
    for job in world.scheduler.of(0, 1, 2):
        for each in job.spec.bundled:
            ends(world, job, each.group % 2, first=each.group)
    found = world.find()
    assert [group.state for group in found.run.groups] == [FINISHED, FAILED] * 3 + [FINISHED]
    run = world.started(
        retry, found, [1, 3, 5], [], LaunchOptions("world", per_job=2), {}, runners=world, view=world.view
    )
    batch = world.scheduler.batches[-1]
    bundled = [(job.group, [(each.group, each.attempt, each.time_limit) for each in job.bundled]) for job in batch.jobs]
    assert bundled == [(0, [(1, 2, "1h"), (3, 2, "1h")]), (2, [(5, 2, "1h")])]
    assert [group.job for group in run.groups] == ["1.0", "2.0", "1.0", "2.0", "1.1", "2.2", "1.2"]
    world.look()
    assert [(handle.group, handle.job) for handle in world.scheduler.polls[-1]] == [(0, "2.0"), (2, "2.2")]


def test_jobs_are_found_again_after_a_kill(world: World) -> None:
    def dies(_: object) -> None:
        raise Killed

    world.scheduler.after_taking = dies
    with world.killed():
        world.submit(5, per_job=2)
    assert [group.job for group in world.look().groups] == ["1.0", "1.0", "1.1", "1.1", "1.2"]
    assert world.scheduler.finds[-1][1] == [0, 1, 2]


# ---- cancelling and holding


def notes(world: World) -> list[str]:
    path = world.root / "results/train/run_1/cancelled_groups"
    return [line.split()[1] for line in path.read_text().splitlines()] if path.exists() else []


def test_a_group_is_cancelled_without_its_job(world: World) -> None:
    world.submit(4, per_job=2)
    first, second = world.scheduler.of(0, 1)
    begins(world, first, 0)
    cancel.cancel_groups(world.project, world.find(), [1, 2], world)
    assert (notes(world), first.status.state, second.status.state) == (["1", "2"], RUNNING, QUEUED)
    assert shown(world)[1:] == [(CANCELLED, "cancelled by qanat")] * 2 + [(QUEUED, "")]
    cancel.cancel_groups(world.project, world.find(), [0], world)
    assert first.status.state is CANCELLED
    assert notes(world) == ["1", "2"]


def test_a_running_group_that_is_cancelled_ends_when_its_job_has_ended_it(world: World) -> None:
    world.submit(2, per_job=2)
    (job,) = world.scheduler.of(0)
    begins(world, job, 0)
    cancel.cancel_groups(world.project, world.find(), [0], world)
    assert states(world) == [RUNNING, QUEUED]
    ends(world, job, 143, first=0, by="cancelled")
    found = groups(world)[0]
    assert (found.state, found.reason, found.exit_code, found.signal) == (CANCELLED, "cancelled by qanat", None, None)


@pytest.mark.parametrize("stopped", [True, False])
def test_a_running_group_that_is_cancelled_as_its_job_is_stopped_is_not_started_again(
    world: World, stopped: bool
) -> None:
    world.submit(3, per_job=3)
    (job,) = world.scheduler.of(0)
    begins(world, job, 0)
    cancel.cancel_groups(world.project, world.find(), [0], world)
    if stopped:
        ends(world, job, 143, first=0, name=STOPPED)
    job.status = JobStatus(QUEUED, restarts=1)
    ends(world, job, 0, first=1)
    assert states(world) == [CANCELLED if stopped else RUNNING, FINISHED, QUEUED]
    ends(world, job, 0, first=2)
    is_over(job, FAILED, "exit code 1", exit_code=1)
    world.clock.move(60)
    assert shown(world) == [(CANCELLED, "cancelled by qanat"), (FINISHED, ""), (FINISHED, "")]


def test_the_last_groups_of_a_job_take_it_with_them(world: World) -> None:
    world.submit(4, per_job=2)
    cancel.cancel_groups(world.project, world.find(), [2, 3], world)
    assert notes(world) == []
    assert shown(world) == [(QUEUED, "")] * 2 + [(CANCELLED, "CANCELLED by 1000")] * 2


def test_no_note_is_written_where_nothing_shows_that_it_is_qanats(world: World, tmp_path: Path) -> None:
    world.submit(2, per_job=2)
    results = world.root / "results/train/run_1"
    results.rename(tmp_path / "moved")
    results.symlink_to(tmp_path / "moved")
    with pytest.raises(UsageError, match="group 1 of run 1 cannot be cancelled alone"):
        cancel.cancel_groups(world.project, world.find(), [1], world)


def test_a_hold_holds_the_jobs_of_which_no_group_runs(world: World) -> None:
    world.submit(4, per_job=2)
    first, second = world.scheduler.of(0, 1)
    begins(world, first, 0)
    assert cancel.hold_run(world.project, world.find(), world) == 1
    assert (first.status.state, second.status.state) == (RUNNING, HELD)
    assert states(world) == [RUNNING, QUEUED, HELD, HELD]
    cancel.release_run(world.project, world.find(), world)
    assert states(world)[2:] == [QUEUED, QUEUED]
