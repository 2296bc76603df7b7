"""Records that name jobs and processes that are not their run's: nothing is cancelled, held or released."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest

from qanat.domain.intents import new_intent
from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.records import run_codec
from qanat.system import processes
from qanat.usecases.runs import cancel
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import check_ended
from tests.support.sandbox import wait_until
from tests.support.world import World

ACTS = (cancel.cancel_run, cancel.hold_run, cancel.release_run)
Forge = Callable[[Run], Run]


def copied(run: Run) -> Run:
    """Return the copy of a run's record under another id."""
    return replace(run, number=7, uid="abcdef", storage="results/train/run_7")


def naming_jobs(run: Run) -> Run:
    """Return the record of a new run with an intent of its own and another's jobs."""
    new = copied(run)
    return replace(new, submission=replace(run.submission, intent=new_intent(new.id)))


def of_earlier_times(run: Run) -> Run:
    """Return the copy of a record with an intent as earlier qanats wrote it."""
    return replace(copied(run), submission=replace(run.submission, intent="9c41d2e07ab35f68"))


@pytest.mark.parametrize("forge", [copied, of_earlier_times])
@pytest.mark.parametrize("act", ACTS)
def test_a_run_whose_intent_is_not_its_own_is_not_acted_on(
    world: World, forge: Forge, act: Callable[..., object]
) -> None:
    run = world.submit(2)
    record.create_record(world.project, forge(run))
    before = [job.status for job in world.scheduler.jobs]
    with pytest.raises(UsageError, match="the intent in its record was not made for run 7-abcdef"):
        act(world.project, world.find(7), world)
    assert [job.status for job in world.scheduler.jobs] == before


def test_jobs_of_an_earlier_qanat_are_named_for_the_schedulers_own_command(world: World) -> None:
    run = world.submit(2)
    record.create_record(world.project, of_earlier_times(run))
    with pytest.raises(UsageError) as caught:
        cancel.cancel_run(world.project, world.find(7), world)
    assert caught.value.hint == (
        "if an earlier qanat submitted it (see git log .qanat/runs/train/0/7-abcdef.yaml), use the scheduler's own "
        "command for jobs 1.0, 1.1; if the record is a copy, git rm .qanat/runs/train/0/7-abcdef.yaml"
    )


@pytest.mark.parametrize("act", ACTS)
def test_jobs_of_another_run_that_a_record_names_are_left_alone(world: World, act: Callable[..., object]) -> None:
    run = world.submit(2)
    record.create_record(world.project, naming_jobs(run))
    before = [job.status for job in world.scheduler.jobs]
    act(world.project, world.find(7), world)
    assert [job.status for job in world.scheduler.jobs] == before


def test_the_hint_about_a_copied_record_is_to_delete_it(world: World) -> None:
    record.create_record(world.project, copied(world.submit(2)))
    found = world.find(7)
    for act in (*(lambda a=a: a(world.project, found, world) for a in ACTS), lambda: check_ended(found, "it waits")):
        with pytest.raises(UsageError) as error:
            act()
        assert error.value.hint == "its record was copied or edited; delete it: qanat delete 7-abcdef"
    assert error.value.message == (
        "run 7 is queued only in a record whose intent was made for another run, so it waits"
    )


def test_a_copied_record_is_shown_as_it_is_and_says_so(world: World) -> None:
    run = world.submit()
    forged = copied(run)
    record.create_record(world.project, forged)
    (job,) = world.scheduler.of(0)
    job.ends(0)
    assert world.look(7).state is State.QUEUED
    (note,) = world.notes
    what = f"{run_codec.path_of(forged)}: its intent was made for another run, so its jobs are not looked for"
    assert note == f"{what}; delete it: qanat delete 7-abcdef"
    assert world.look(1).state is State.FINISHED


def test_the_processes_of_another_run_are_left_alone(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(1)
    record.create_record(world.project, copied(run))
    with pytest.raises(UsageError, match=r"run 7 cannot be cancelled: the intent in its record was not made for run"):
        cancel.cancel_run(world.project, world.find(7), world)
    assert sleeper.poll() is None
    cancel.cancel_run(world.project, world.find(1), world)
    assert sleeper.wait() == -15  # SIGTERM


def test_another_clone_of_the_user_can_cancel_a_run(world: World) -> None:
    run = world.submit(2)
    for name in ("index-0.sqlite", "lock"):
        (world.project.location.private / name).unlink(missing_ok=True)
    cancel.cancel_run(world.project, world.find(), world)
    assert {job.status.state for job in world.scheduler.jobs} == {State.CANCELLED}
    assert world.look().id == run.id


def test_a_run_that_another_clone_watches_is_cancelled_there(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(1)
    watching = replace(run.submission, pid=os.getpid(), process_start=processes.start_of(os.getpid()))
    path = world.root / run_codec.path_of(run)
    path.write_bytes(run_codec.encode(replace(run, submission=watching)))
    world.git("commit", "--quiet", "--all", "--message", "from the other clone")
    for act in (cancel.cancel_run, lambda *words: cancel.cancel_groups(*words[:2], [0], words[2])):
        with pytest.raises(UsageError) as caught:
            act(world.project, world.find(1), world)
        what = f"run 1 was started in another clone, and its qanat process {os.getpid()} watches it"
        assert (caught.value.message, caught.value.hint) == (what, f"cancel it there: qanat cancel {run.id}")
    assert sleeper.poll() is None
    sleeper.kill()
    wait_until(lambda: sleeper.poll() is not None)
    assert cancel.cancel_run(world.project, world.find(1), world)[0].state.ended


def test_the_process_that_a_copied_record_names_does_not_make_its_run_live(world: World) -> None:
    run = world.left_alone(1)
    pid = os.getpid()
    facts = replace(run.submission, pid=pid, process_start=processes.start_of(pid))
    record.create_record(world.project, replace(copied(run), submission=facts))
    world.look(7)
    assert any("its intent was made for another run, so its jobs are not looked for" in note for note in world.notes)
