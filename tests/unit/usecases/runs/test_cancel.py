"""Cancelling, holding and releasing runs, from any terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace

import pytest

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.layout import group_folder
from qanat.domain.measured import Measured
from qanat.domain.run import Run, State
from qanat.errors import RunnerUnavailable, UsageError
from qanat.records import flight, run_codec
from qanat.records.flight import Journal, Watcher
from qanat.system import processes
from qanat.usecases.runs import cancel
from qanat.usecases.tracking import record
from tests.support.world import GONE, INTENT, World

NOW = "2026-11-23T05:17:55+00:00"
CANCELLED, FINISHED, LOST, QUEUED = State.CANCELLED, State.FINISHED, State.LOST, State.QUEUED


def states(run: Run) -> list[State]:
    """List the states of a run's groups."""
    return [group.state for group in run.groups]


# ---- submitted runs


def test_a_scheduler_is_asked_to_remove_the_jobs_that_have_not_ended(world: World) -> None:
    world.submit(3)
    first, second, third = world.scheduler.of(0, 1, 2)
    first.ends(0)
    second.starts()
    found = world.find()
    run, notes = cancel.cancel_run(world.project, found, world)
    assert (run, notes) == (found.run, [])
    assert [job.status.state for job in (first, second, third)] == [FINISHED, CANCELLED, CANCELLED]
    assert states(world.look()) == [FINISHED, CANCELLED, CANCELLED]
    assert world.committed() == world.recorded() == world.look()


def test_a_run_that_has_ended_cannot_be_cancelled_held_or_released(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.ends(1)
    found = world.find()
    for act in (cancel.cancel_run, cancel.hold_run, cancel.release_run):
        with pytest.raises(UsageError, match="run 1 of train has already ended: failed"):
            act(world.project, found, world)


def test_a_scheduler_that_is_down_cannot_be_asked_to_remove_jobs(world: World) -> None:
    world.submit()
    found = world.find()
    world.scheduler.down = "no route to host"
    with pytest.raises(RunnerUnavailable, match="no route to host"):
        cancel.cancel_run(world.project, found, world)
    world.scheduler.down = ""
    assert world.look().state is QUEUED


def test_groups_can_be_cancelled_and_the_others_go_on(world: World) -> None:
    world.submit(3)
    cancel.cancel_groups(world.project, world.find(), [0, 2], world)
    assert states(world.look()) == [CANCELLED, QUEUED, CANCELLED]
    with pytest.raises(UsageError, match="group 2 of run 1 has already ended: cancelled"):
        cancel.cancel_groups(world.project, world.find(), [2], world)
    done = cancel.cancel_groups(world.project, world.find(), [1, 2], world)
    assert done.problems(world.look()) == ["group 2 of run 1 has already ended: cancelled"]
    assert states(world.look()) == [CANCELLED] * 3


def test_jobs_that_are_held_are_kept_from_going_on_until_they_are_released(world: World) -> None:
    world.submit(2)
    for job in world.scheduler.of(0):
        job.ends(0)
    cancel.hold_run(world.project, world.find(), world)
    assert states(world.look()) == [FINISHED, State.HELD]
    cancel.release_run(world.project, world.find(), world)
    assert states(world.look()) == [FINISHED, QUEUED]


def test_a_running_group_is_not_held(world: World) -> None:
    world.submit(3)
    (first,) = world.scheduler.of(0)
    first.starts()
    world.look()
    assert cancel.hold_run(world.project, world.find(), world) == 1
    assert states(world.look()) == [State.RUNNING, State.HELD, State.HELD]
    for number in (1, 2):
        for job in world.scheduler.of(number):
            job.ends(0)
    with pytest.raises(UsageError, match="has no queued groups: 1 running") as error:
        cancel.hold_run(world.project, world.find(), world)
    assert error.value.hint == "a running group cannot be held; end the run: qanat cancel 1"


def test_jobs_that_were_never_named_cannot_be_asked_about(world: World) -> None:
    run = world.submit(2)
    nameless = run.with_groups({1: replace(run.groups[1], job=None)})
    assert [job.handle.job for job in cancel.open_jobs(world.project, nameless)] == ["1.0"]


@pytest.mark.parametrize(
    ("act", "what"), [(cancel.hold_run, "held"), (cancel.release_run, "released")], ids=["hold", "release"]
)
def test_a_run_of_this_machine_cannot_be_held(world: World, act: object, what: str) -> None:
    alive(world, world.left_alone(1), os.getpid())
    with pytest.raises(UsageError, match=f"run 1 is a local run, which cannot be {what}"):
        act(world.project, world.find(), world)  # type: ignore[operator]


def test_the_watcher_of_a_run_of_this_machine_is_asked_to_cancel_groups(world: World) -> None:
    run = world.left_alone(3)
    alive(world, run, os.getpid())
    cancel.cancel_groups(world.project, world.find(), [0, 2], world)
    (journal,) = world.journals()
    assert journal.with_name(f"{run.id}.groups").read_text() == "0\n2\n"
    assert not is_asked(world, run)


def test_groups_that_nobody_watches_are_ended_from_here_and_the_others_continue(
    world: World, sleeper: subprocess.Popen[bytes]
) -> None:
    run = world.left_alone(2)
    own = started(1, os.getpid(), processes.start_of(os.getpid()) or "")
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
        journal.started(own, NOW)
    cancel.cancel_groups(world.project, world.find(), [0], world)
    assert sleeper.wait() == -signal.SIGTERM
    first, second = world.look().groups
    assert (first.state, first.reason, second.state) == (State.CANCELLED, "cancelled by SIGTERM", State.RUNNING)


def test_a_group_that_has_ended_cannot_be_cancelled(world: World) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        journal.started(started(0, os.getpid(), processes.start_of(os.getpid()) or ""), NOW)
        journal.ended(1, JobStatus(State.FINISHED, exit_code=0, ended=NOW), Measured())
    with pytest.raises(UsageError, match="group 1 of run 1 has already ended: finished"):
        cancel.cancel_groups(world.project, world.find(), [1], world)


# ---- runs of this machine that are watched


def alive(world: World, run: Run, pid: int) -> None:
    """Make a living process the watcher of a run."""
    path = run_codec.path_of(run)
    start = processes.start_of(pid) or ""
    with Journal(world.project.location.private, Watcher(run.id, str(world.root), path, run.host, pid, start)):
        pass


def is_asked(world: World, run: Run) -> bool:
    """Return whether the watcher of a run is asked to cancel it."""
    (journal,) = world.journals()
    return journal.with_name(f"{run.id}.cancel").exists()


def test_a_living_watcher_is_asked_and_records_the_end_itself(world: World) -> None:
    """The watcher is this process, so that a signal would end the test."""
    run = world.left_alone(1)
    alive(world, run, os.getpid())
    found = world.find()
    ended = run.with_groups({0: replace(run.groups[0], state=CANCELLED, reason="cancelled by SIGTERM", ended=NOW)})

    def records_the_end() -> None:
        assert is_asked(world, run)
        record.create_record(world.project, ended)
        world.journals()[0].unlink()

    world.clock.after(3, records_the_end)
    assert cancel.cancel_run(world.project, found, world) == (ended, [])
    assert 3 <= world.clock.monotonic() < 3.1


def test_a_watcher_that_dies_without_a_record_leaves_the_run_as_it_was(world: World) -> None:
    with subprocess.Popen(["sleep", "60"]) as watcher:
        alive(world, world.left_alone(1), watcher.pid)
        found = world.find()

        def takes_it_away() -> None:
            (world.root / found.record).unlink()
            watcher.kill()
            watcher.wait()

        world.clock.after(3, takes_it_away)
        assert cancel.cancel_run(world.project, found, world) == (found.run, [])


def test_a_watcher_that_does_not_answer_is_named(world: World) -> None:
    run = world.left_alone(1)
    alive(world, run, os.getpid())
    with pytest.raises(UsageError) as error:
        cancel.cancel_run(world.project, world.find(), world)
    assert is_asked(world, run)
    assert error.value.message.startswith("run 1 did not end: its qanat process ")
    assert error.value.hint == f"kill it with: kill -9 {os.getpid()}"
    assert 22 <= world.clock.monotonic() < 22.1
    assert world.recorded().state is QUEUED


def test_a_run_of_another_machine_has_to_be_cancelled_there(world: World) -> None:
    run = replace(world.left_alone(1), host="elsewhere")
    record.create_record(world.project, run)
    with pytest.raises(UsageError, match="run 1 was started on elsewhere") as error:
        cancel.cancel_run(world.project, world.find(), world)
    assert error.value.hint == "cancel it there: qanat cancel 1"


# ---- runs of this machine whose qanat is gone


def started(number: int, pid: int, start: str) -> JobHandle:
    """Return the handle of a group that was started as a process."""
    return JobHandle(INTENT, number, str(pid), {"process_start": start})


def test_without_a_watcher_the_processes_are_ended_from_here(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(4)
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
        journal.started(started(1, GONE, "gone"), NOW)
        journal.started(started(2, GONE, "gone"), NOW)
    own = group_folder(world.root / run.storage, 1, 4)
    own.mkdir()
    (own / "completion.json").write_text('{"attempt": 1, "status": 0}\n')
    found = world.find()
    assert states(found.run) == [State.RUNNING, FINISHED, LOST, CANCELLED]
    ended, notes = cancel.cancel_run(world.project, found, world)
    assert notes == []
    assert states(ended) == [CANCELLED, FINISHED, LOST, CANCELLED]
    assert [group.reason for group in ended.groups][::3] == ["cancelled by SIGTERM", "cancelled before it started"]
    assert sleeper.wait() == -15
    assert world.committed() == world.recorded() == ended
    assert world.journals() == []


def test_a_process_that_no_journal_knows_is_found_by_its_mark_and_ended(
    world: World, sleeper: subprocess.Popen[bytes]
) -> None:
    world.left_alone(1)
    ended, _ = cancel.cancel_run(world.project, world.find(), world)
    assert states(ended) == [CANCELLED]
    assert sleeper.wait() == -15  # SIGTERM
    assert world.committed() == ended


def test_a_group_that_had_ended_before_the_cancel_keeps_its_end(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
        journal.ended(1, JobStatus(State.FAILED, exit_code=4, ended=NOW), Measured())
    ended, _ = cancel.cancel_run(world.project, world.find(), world)
    assert states(ended) == [CANCELLED, State.FAILED]
    assert ended.groups[1].exit_code == 4


def test_a_cancel_leaves_the_journals_of_others_alone(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(1)
    alive(world, replace(run, number=2), os.getpid())
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
    cancel.cancel_run(world.project, world.find(), world)
    assert [path.stem for path in world.journals()] == [f"2-{run.uid}"]
    assert (world.project.location.private / flight.FOLDER).is_dir()
