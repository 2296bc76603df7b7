"""Runs that start after others: they are held, released or cancelled, and only by whoever submitted them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qanat.domain.job import JobBatch, JobHandle
from qanat.domain.order import After
from qanat.domain.run import Run, State
from qanat.errors import SubmitFailed, UsageError
from qanat.records import orders, run_codec
from qanat.usecases.launch.keeping_order import keep_until_done
from qanat.usecases.launch.looking import active_runs
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.launch.previewing import preview
from qanat.usecases.launch.releasing import keep_order
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.launch.retry import chosen_groups, retry
from qanat.usecases.runs.cancel import cancel_run, hold_run, release_run
from qanat.usecases.runs.delete import delete_runs
from qanat.usecases.runs.order import check_deletable
from qanat.usecases.tracking.refresh import refresh
from tests.support.scheduler import Job, Scheduler
from tests.support.world import View, World


def job_of(world: World, run: Run, group: int = 0) -> Job:
    """Return the last job of a group of a run."""
    return [job for job in world.scheduler.jobs if job.spec.storage.is_relative_to(world.root / run.storage)][group]


def again(world: World, number: int) -> Run:
    """Retry what has not finished of a run."""
    found = world.find(number)
    numbers, options = chosen_groups(found, (), failed=True), LaunchOptions("world")
    live = active_runs(world.project, world)
    return world.started(retry, found, numbers, live, options, {}, runners=world, view=world.view)


def waiting(world: World) -> list[str]:
    """List the runs that are noted to wait."""
    private = world.project.location.private
    return [one.run_id for one in orders.all_waiting(private, str(world.root))]


# ---- whether a run has to wait


def test_a_run_after_one_that_has_finished_starts_at_once(world: World) -> None:
    first = world.submit()
    job_of(world, first).ends()
    second = world.submit(after=("1",))
    assert second.after == (After(first.id),)
    assert job_of(world, second).status.state is State.QUEUED
    assert waiting(world) == []


@pytest.mark.parametrize("status", [1, 137])
def test_a_run_after_one_that_has_failed_is_refused(world: World, status: int) -> None:
    job_of(world, world.submit()).ends(status)
    world.look()
    with pytest.raises(UsageError, match=r"^run 1 failed, so a run after it would never start$") as error:
        world.submit(after=("1",))
    assert error.value.hint == "retry it: qanat retry 1; or accept any end of it: --after 1:any"
    assert len(world.scheduler.jobs) == 1
    assert world.submit(after=("1:any",)).number == 2


def test_a_word_that_is_no_run_and_an_end_that_is_none_are_refused(world: World) -> None:
    with pytest.raises(UsageError, match="--after '1:all' is not of the form RUN or RUN:any"):
        world.submit(after=("1:all",))


class Simple(Scheduler):
    """A scheduler that submits no jobs that wait."""

    hand_over = None  # type: ignore[assignment]


def test_a_runner_that_cannot_hold_jobs_is_refused(world: World) -> None:
    world.submit()
    # Not the method of the class itself, whose protocols Python remembers.
    world.scheduler.__class__ = Simple
    with pytest.raises(UsageError, match="runner world cannot submit jobs that wait for another run") as error:
        world.submit(after=("1",))
    assert error.value.hint == "wait for that run first: qanat wait 1"


# ---- submitted runs


def test_a_run_is_held_until_the_one_before_it_has_finished(world: World) -> None:
    first, second = world.submit(2), world.submit(after=("1",))
    assert world.scheduler.batches[1].held
    assert [len(before.handles) for before in world.scheduler.batches[1].after] == [2]
    assert world.look(2).groups[0].reason == "waits for run 1 (train)"
    job_of(world, first).ends()
    assert world.look(2).state is State.HELD
    job_of(world, first, 1).ends()
    assert world.look(1).state is State.FINISHED
    assert job_of(world, second).status.state is State.QUEUED
    assert world.look(2).state is State.QUEUED
    assert waiting(world) == []
    assert world.recorded(2).after == world.committed(2).after == (After(first.id),)  # type: ignore[union-attr]


def test_a_run_is_cancelled_if_the_one_before_it_fails(world: World) -> None:
    first, second = world.submit(), world.submit(2, after=("1",))
    job_of(world, first).ends(3)
    world.look()
    run = world.look(2)
    assert run.state is State.CANCELLED
    assert {group.reason for group in run.groups} == {"run 1 failed"}
    assert job_of(world, second).status.started is None
    assert waiting(world) == []
    assert world.committed(2) == run


def test_any_end_is_enough_if_that_is_asked_for(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1:any",))
    job_of(world, first).is_removed()
    world.look()
    assert job_of(world, second).status.state is State.QUEUED
    assert second.after == (After(first.id, any=True),)


def test_a_chain_of_runs_ends_in_one_look_if_the_first_fails(world: World) -> None:
    runs = [world.submit()]
    for number in range(1, 8):
        runs.append(world.submit(after=(str(number),)))
    job_of(world, runs[0]).ends(1)
    world.look()
    assert {job_of(world, run).status.state for run in runs[1:]} == {State.CANCELLED}
    assert world.look(8).groups[0].reason == "run 7 was cancelled"
    assert waiting(world) == []


def test_a_run_waits_for_all_runs_that_it_names(world: World) -> None:
    first, second = world.submit(), world.submit()
    third = world.submit(after=("1", "2:any"))
    assert world.look(3).groups[0].reason == "waits for run 1 (train) and run 2 (train)"
    job_of(world, second).ends(1)
    assert world.look(3).groups[0].reason == "waits for run 1 (train)"
    job_of(world, first).ends()
    world.look()
    assert job_of(world, third).status.state is State.QUEUED


def test_a_chain_that_failed_in_the_middle_continues_after_retries(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    job_of(world, first).ends(1)
    world.look()
    world.look()
    with pytest.raises(UsageError, match="run 2 starts after run 1, and run 1 failed") as error:
        again(world, 2)
    assert error.value.hint == "retry that one first: qanat retry 1"
    again(world, 1)
    again(world, 2)
    job = job_of(world, second, -1)
    assert (job.status.state, waiting(world)) == (State.HELD, [second.id])
    job_of(world, first, -1).ends()
    world.look()
    assert job.status.state is State.QUEUED


def test_a_rerun_may_come_after_a_run(world: World) -> None:
    first = world.submit()
    repeat = Repeat(after=("1",))
    options = LaunchOptions("world")
    found = world.find(1)
    run = world.started(rerun, found, [], options, repeat, runners=world, ask=world.ask, view=world.view)
    assert (run.after, run.rerun_of) == ((After(first.id),), first.id)
    assert job_of(world, run).status.state is State.HELD


def test_nothing_is_left_of_a_run_that_the_scheduler_refuses(world: World) -> None:
    world.submit()

    def refuse(batch: object) -> None:
        raise SubmitFailed("no")

    world.scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed):
        world.submit(after=("1",))
    assert waiting(world) == []


def test_a_run_whose_scheduler_is_down_is_released_later(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    job_of(world, first).ends()
    assert world.look().state is State.FINISHED
    second = world.submit(after=("1",))
    third = world.submit(after=(second.id,))
    world.scheduler.down = "no answer"
    job_of(world, second).ends()
    world.look()
    assert job_of(world, third).status.state is State.HELD
    world.scheduler.down = ""
    world.look()
    assert job_of(world, third).status.state is State.QUEUED


def test_qanat_killed_after_the_submission_still_releases(world: World) -> None:
    from tests.support.scheduler import Killed

    first = world.submit()

    def die(batch: object) -> None:
        raise Killed

    world.scheduler.after_taking = die
    with world.killed():
        world.submit(after=("1",))
    world.scheduler.after_taking = lambda batch: None
    second = world.look(2)
    assert (second.state, second.groups[0].job) == (State.HELD, "2.0")
    job_of(world, first).ends()
    world.look()
    assert job_of(world, second).status.state is State.QUEUED


def test_a_note_on_jobs_that_another_command_submits_meanwhile_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that has looked at the run before that takes it for ended."""
    first, second = world.submit(), world.submit(after=("1",))
    job_of(world, first).ends(1)
    world.look()
    world.look()
    with world.project.index() as index:
        result = refresh(world.project, index, world)
        again(world, 1)
        again(world, 2)
        keep_order(world.project, index, result, world)
    assert waiting(world) == [second.id]


def test_what_the_user_holds_stays_held(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    hold_run(world.project, world.find(2), world)
    job_of(world, first).ends()
    world.look()
    assert (world.look(2).state, waiting(world)) == (State.HELD, [])
    assert release_run(world.project, world.find(2), world)
    assert job_of(world, second).status.state is State.QUEUED


def test_a_run_that_waits_is_not_released_by_hand(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    what = r"^run 2 waits for run 1 \(train\), and is released once it may start$"
    with pytest.raises(UsageError, match=what) as error:
        release_run(world.project, world.find(2), world)
    assert error.value.hint == "to start it without waiting, cancel it, and run it again: qanat rerun 2"
    hold_run(world.project, world.find(2), world)
    assert not release_run(world.project, world.find(2), world)
    assert job_of(world, second).status.state is State.HELD
    job_of(world, first).ends()
    world.look()
    assert job_of(world, second).status.state is State.QUEUED


class Depending(Scheduler):
    """A scheduler that keeps the order of jobs by itself."""

    releases_at_once = True

    def hand_over(self, batch: JobBatch, handles: Sequence[JobHandle], command: Sequence[str]) -> bool:
        """Release the jobs, which would wait for others."""
        self.release(handles)
        return True


def test_a_run_whose_order_the_scheduler_keeps_is_released_before_its_time(world: World) -> None:
    world.scheduler.__class__ = Depending
    first, second = world.submit(), world.submit(after=("1",))
    assert job_of(world, second).status.state is State.QUEUED
    hold_run(world.project, world.find(2), world)
    assert job_of(world, second).status.state is State.HELD
    assert not release_run(world.project, world.find(2), world)
    assert job_of(world, second).status.state is State.QUEUED
    # What is held again stays so, whatever the run before it does.
    hold_run(world.project, world.find(2), world)
    job_of(world, first).ends()
    world.look()
    assert world.look(2).state is State.HELD


def test_a_run_that_is_waited_for_is_not_deleted(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1:any",))
    job_of(world, first).ends()
    world.look()
    third = world.submit(after=("2",))
    with pytest.raises(UsageError, match=r"run 2 cannot be deleted: run 3 \(train\) waits for it") as error:
        check_deletable(world.project, second)
    assert error.value.hint == "cancel that one first: qanat cancel 3"
    job_of(world, third).is_removed()
    world.look()
    check_deletable(world.project, second)


def test_a_retry_does_not_start_without_a_run_that_never_was_seen_to_finish(world: World) -> None:
    first = world.submit()
    second, third = world.submit(after=("1",)), world.submit(after=("1:any",))
    job_of(world, first).ends(3)
    world.look()
    world.look()
    cancel_run(world.project, world.find(3), world)
    job_of(world, third).is_removed()
    assert [world.look(number).state for number in (1, 2, 3)] == [State.FAILED, State.CANCELLED, State.CANCELLED]
    delete_runs(world.project, [world.find()])
    options = LaunchOptions(runner="world")
    with pytest.raises(UsageError, match="run 2 was to start once run 1 had finished, and that one no longer") as error:
        retry(world.project, world.find(2), [0], [], options, {}, runners=world, view=View())
    assert error.value.hint == f"to run it without waiting: qanat rerun {second.number}"
    retry(world.project, world.find(3), [0], [], options, {}, runners=world, view=View())
    assert world.look(3).state is State.QUEUED


def test_a_retry_of_a_run_that_had_begun_needs_no_run_before_it(world: World) -> None:
    first = world.submit()
    second = world.submit(after=("1",))
    job_of(world, first).ends()
    world.look()
    job_of(world, second).starts()
    job_of(world, second).ends(3)
    world.look(2)
    delete_runs(world.project, [world.find()])
    retry(world.project, world.find(2), [0], [], LaunchOptions(runner="world"), {}, runners=world, view=View())
    assert world.look(2).groups[0].attempt == 2


def test_a_run_that_is_retried_by_itself_is_not_left_to_the_scheduler(world: World) -> None:
    world.experiment("exit 1", retry={"times": 1, "when": ["failed"]})
    first = world.submit()
    second = world.submit(after=("1",))
    assert world.scheduler.batches[1].after == ()
    job_of(world, first).ends(1)
    world.look()
    assert (world.look(1).state, world.look(2).state) == (State.QUEUED, State.HELD)
    job_of(world, first, -1).ends()
    world.look()
    assert job_of(world, second).status.state is State.QUEUED


def test_one_process_releases_for_all_until_nothing_waits(world: World) -> None:
    runs = [world.submit(), *(world.submit(after=(str(number),)) for number in (1, 2))]
    world.clock.after(60, job_of(world, runs[0]).ends)
    world.clock.after(100, job_of(world, runs[1]).ends)
    private = world.project.location.private
    with orders.attended(private) as is_ours:
        assert is_ours
        keep_until_done(world.project, world)
    assert (world.clock.monotonic(), waiting(world)) == (0, [runs[1].id, runs[2].id])
    keep_until_done(world.project, world)
    assert waiting(world) == []
    assert job_of(world, runs[2]).status.state is State.QUEUED
    assert 100 <= world.clock.monotonic() <= 140


# ---- nobody else's records count


def test_a_record_with_an_order_releases_and_cancels_nothing_by_itself(world: World) -> None:
    first, second = world.submit(), world.submit()
    job = job_of(world, second)
    job.is_held()
    forged = replace(world.recorded(2), after=(After(first.id),))
    world.commit(**{run_codec.path_of(forged): run_codec.encode(forged).decode()})
    job_of(world, first).ends()
    world.look()
    assert (world.look(2).state, job.status.state) == (State.HELD, State.HELD)


@pytest.mark.parametrize("state", [State.FINISHED, State.FAILED])
def test_a_forged_end_of_the_run_before_neither_releases_nor_cancels(world: World, state: State) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    ended = {"state": state, "started": "2026-11-23T05:18:00+00:00", "ended": "2026-11-23T05:18:00+00:00"}
    forged = world.recorded(1).with_groups({0: replace(first.groups[0], **ended)})
    world.commit(**{run_codec.path_of(forged): run_codec.encode(forged).decode()})
    assert world.look(1).state is state
    assert job_of(world, second).status.state is State.HELD
    assert world.notes == ["run 2 waits for run 1, whose end this qanat did not record; to start it: qanat release 2"]


def test_a_copied_note_does_nothing(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    folder = world.project.location.private / orders.FOLDER
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    copy.rename(folder)
    job_of(world, first).ends()
    world.look()
    assert job_of(world, second).status.state is State.HELD


def test_a_note_on_other_jobs_does_nothing(world: World) -> None:
    first, second = world.submit(), world.submit(after=("1",))
    private = world.project.location.private
    note = orders.read(private, second.id)
    assert note is not None
    orders.note(private, replace(note, intent="0" * 24))
    job_of(world, first).ends()
    world.look()
    assert job_of(world, second).status.state is State.HELD


def test_a_dry_run_shows_that_jobs_are_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[JobBatch] = []
    monkeypatch.setattr(world.scheduler, "render", lambda batch: shown.append(batch) or "")
    world.submit(2)
    options = LaunchOptions("world")
    preview(world.project, RunRequest("train", after=("1",)), options, world)
    assert (shown[0].held, len(shown[0].after[0].handles)) == (True, 2)
    assert len(world.scheduler.batches) == 1


# ---- runs of this machine


def test_a_run_here_waits_for_a_submitted_one(world: World) -> None:
    first = world.submit()
    world.clock.after(3, lambda: job_of(world, first).ends())
    run = world.launch("--x", after=("1",))
    assert run.state is State.FINISHED
    names = [name for name, _ in world.view.events]
    assert names == ["begins", "waits", "changed", "changed"]
    assert ("waits", "waits for run 1 (train)") in world.view.events
    assert run.code.workdir == "checkout"


def test_a_run_here_is_cancelled_if_the_one_before_it_fails(world: World) -> None:
    first = world.submit()
    world.clock.after(3, lambda: job_of(world, first).ends(1))
    run = world.launch(after=("1",))
    assert (run.state, run.groups[0].reason) == (State.CANCELLED, "run 1 failed")


def test_a_run_here_does_not_start_since_a_record_is_gone_for_a_while(world: World) -> None:
    """As while another branch is checked out."""
    first = world.submit()
    path = world.root / run_codec.path_of(first)
    text = path.read_text()
    world.clock.after(1, path.unlink)
    world.clock.after(20, lambda: path.write_text(text))
    world.clock.after(30, lambda: job_of(world, first).ends())
    run = world.launch(after=("1",))
    assert run.state is State.FINISHED
    assert world.clock.monotonic() >= 30


def test_a_run_here_that_need_not_wait_starts_in_the_project(world: World) -> None:
    job_of(world, world.submit()).ends()
    run = world.launch(after=("1",))
    assert (run.state, run.code.workdir) == (State.FINISHED, "project")


# ---- what is known of the data


def test_what_the_run_before_has_not_written_yet_is_unknown_and_has_no_key(world: World) -> None:
    first = world.submit()
    words: Sequence[str] = ("--input", f"{first.storage}/clean.csv")
    second = world.submit(groups=0, args=words, after=("1",), in_place=False)
    (row,) = second.data
    assert (row.name, row.is_input, row.problem) == (words[1], True, "run 1 had not ended")
    assert second.groups[0].key is None
    link = world.root / str(second.submission.checkout) / words[1]
    job_of(world, first).spec.storage.joinpath("clean.csv").write_text("1\n")
    assert link.read_text() == "1\n"
