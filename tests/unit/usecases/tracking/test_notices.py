"""Who is told what about runs: once, by whichever command notices first, and only who launched them here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qanat.domain.job import JobBatch
from qanat.domain.run import State
from qanat.errors import SubmitFailed
from qanat.records import notices
from qanat.system import notifying
from qanat.usecases.launch import follow
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from qanat.usecases.runs import cancel
from qanat.usecases.tracking.notices import VARIABLE
from tests.support.notified import Notified
from tests.support.sandbox import wait_until
from tests.support.world import World
from tests.unit.usecases.launch.test_here import Interrupting


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notified:
    """Return what this user is told, by a program that the user's settings name."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(notifying, "WAIT_S", 60.0)
    return Notified(tmp_path / "config")


def pending(world: World) -> list[str]:
    """List the notes on runs that their user has not been told about."""
    return [note.file.name for note in notices.pending(world.project.location.private)]


def end(world: World, *statuses: int) -> None:
    """Let the jobs of the last run end, after an hour, with these exit statuses."""
    jobs = world.scheduler.jobs[-len(statuses) :]
    for job in jobs:
        job.starts()
    world.clock.move(3600)
    for job, status in zip(jobs, statuses, strict=True):
        job.ends(status)


def test_the_end_of_a_run_is_told_once_with_its_counts_and_its_directory(world: World, told: Notified) -> None:
    run = world.submit(3)
    world.look()
    assert told.messages == []
    end(world, 0, 0, 3)
    world.look()
    world.look()
    text = f"2 finished, 1 failed; after 1:00:00; group 2: exit code 3\n{world.root}/{run.storage}"
    variables = {"QANAT_RUNS": "1", "QANAT_STATES": "failed", "QANAT_STATE": "failed", "QANAT_PROJECT": str(world.root)}
    assert told.messages == [("qanat: run 1 of train failed", text, variables)]
    assert (world.notes, pending(world)) == ([], [])


def test_the_first_failure_is_told_while_the_run_continues_and_no_other_one(world: World, told: Notified) -> None:
    world.submit(3)
    first, second, third = world.scheduler.of(0, 1, 2)
    first.ends(1)
    world.look()
    second.ends(1)
    world.look()
    assert told.titles == ["qanat: run 1 of train: first failure"]
    third.ends()
    world.look()
    assert told.titles[1:] == ["qanat: run 1 of train failed"]


def test_a_retry_is_told_about_by_itself_without_the_groups_that_failed_before(world: World, told: Notified) -> None:
    world.submit(2)
    end(world, 1, 1)
    found = world.find()
    assert told.titles == ["qanat: run 1 of train failed"]
    world.started(retry, found, [1], [], LaunchOptions("world"), {}, runners=world, view=world.view)
    world.look()
    assert told.titles[1:] == []
    world.scheduler.jobs[-1].ends()
    world.look()
    assert told.titles[1:] == ["qanat: run 1 of train failed"]


def test_a_group_that_the_policy_of_its_run_retries_has_not_failed_for_the_user(world: World, told: Notified) -> None:
    world.experiment("exit 0\n", retry={"when": [{"exit_code": 3}], "times": 1})
    world.submit(2)
    end(world, 0, 3)
    assert world.look().groups[1].state is State.QUEUED
    world.scheduler.down = "no route to host"
    world.look()
    assert (told.titles, len(pending(world))) == ([], 1)
    world.scheduler.down = ""
    world.scheduler.jobs[-1].ends(4)
    world.look()
    assert [text.partition("\n")[0] for _, text, _ in told.messages] == [
        "1 finished, 1 failed; after 1:00:00; group 1: exit code 4"
    ]


def refuse(batch: JobBatch) -> None:
    """Take no jobs."""
    raise SubmitFailed("too many jobs")


def test_a_run_that_is_to_be_retried_later_is_told_about_at_its_last_end(world: World, told: Notified) -> None:
    world.experiment("exit 0\n", retry={"when": [{"exit_code": 3}], "times": 1})
    world.submit()
    end(world, 3)
    world.scheduler.before_taking = refuse
    for _ in range(2):
        assert world.look().state is State.FAILED
    assert told.titles == []
    world.scheduler.before_taking = lambda batch: None
    world.clock.move(3600)
    assert world.look().state is State.QUEUED
    world.scheduler.jobs[-1].ends(3)
    world.look()
    assert told.titles == ["qanat: run 1 of train failed"]


def test_a_launch_that_is_refused_leaves_nothing_to_tell(world: World, told: Notified) -> None:
    world.scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed):
        world.submit()
    assert pending(world) == []
    world.scheduler.before_taking = lambda batch: None
    world.submit()
    end(world, 3)
    found = world.find()
    world.scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed):
        world.started(retry, found, [0], [], LaunchOptions("world"), {}, runners=world, view=world.view)
    world.look()
    assert (told.titles, pending(world)) == (["qanat: run 1 of train failed"], [])


def test_several_runs_are_one_message_that_sums_up(world: World, told: Notified) -> None:
    for number in range(3):
        world.submit(2)
        end(world, 0, number % 2)
    world.submit(2)
    next(world.scheduler.of(0)).ends(9)
    world.look(4)
    (title, text, variables) = told.messages[0]
    assert title == "qanat: 4 runs: 2 finished, 1 failed, 1 with a first failure"
    assert text.splitlines()[0] == "run 1 of train finished (2 finished; after 1:00:00)"
    assert text.splitlines()[3:] == [
        "run 4 of train: first failure (1 failed, 1 queued; group 0: exit code 9)",
        str(world.root),
    ]
    assert (variables["QANAT_RUNS"], variables["QANAT_STATES"]) == ("1 2 3 4", "finished failed finished failed")
    assert len(told.messages) == 1


def test_the_best_metrics_are_told_if_a_direction_is_better(world: World, told: Notified) -> None:
    world.experiment("true", metrics=[{"file": "metrics.json", "better": {"acc": "higher", "loss": "lower"}}])
    world.submit(2)
    for job, acc in zip(world.scheduler.of(0, 1), (0.5, 0.75), strict=True):
        job.starts()
        (job.spec.storage / "metrics.json").write_text(f'{{"acc": {acc}, "loss": {1 - acc}, "steps": 3}}')
        job.ends()
    world.look()
    assert "best acc 0.75; best loss 0.25\n" in told.messages[0][1]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"when": ["ended"]}, ["qanat: run 1 of train failed"]),
        ({"when": ["first_failure"]}, ["qanat: run 1 of train: first failure"]),
        ({"after": "30m"}, ["qanat: run 1 of train failed"]),
        ({"after": "2h"}, []),
    ],
)
def test_only_what_the_user_wants_to_know_is_told(
    world: World, told: Notified, keys: dict[str, object], expected: list[str]
) -> None:
    told.set(**keys)
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    first.ends(1)
    world.look()
    second.starts()
    world.clock.move(3600)
    second.ends()
    world.look()
    assert (told.titles, pending(world)) == (expected, [])


def test_a_run_that_the_user_cancels_is_not_told_about(world: World, told: Notified) -> None:
    world.submit()
    cancel.cancel_run(world.project, world.find(), world)
    for job in world.scheduler.of(0):
        job.is_removed()
    assert world.look().state is State.CANCELLED
    assert (told.titles, pending(world)) == ([], [])


def test_a_run_of_somebody_else_or_of_a_copied_repository_is_not_told_about(world: World, told: Notified) -> None:
    world.submit()
    (note,) = (note.file for note in notices.pending(world.project.location.private))
    copy = note.with_suffix(".copy")
    shutil.copy(note, copy)
    copy.rename(note)
    end(world, 0)
    assert world.look().state is State.FINISHED
    assert told.titles == []
    assert pending(world) == [note.name]
    os.utime(note, (0, 0))
    world.look()
    assert pending(world) == []


def test_a_record_without_a_launch_here_causes_no_message(world: World, told: Notified) -> None:
    world.submit()
    notices.forget(world.project.location.private, world.recorded().id)
    end(world, 1)
    assert world.look().state is State.FAILED
    assert told.titles == []


def test_another_branch_keeps_the_message_for_later_and_a_record_that_is_gone_ends_it(
    world: World, told: Notified
) -> None:
    run = world.submit()
    world.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    end(world, 0)
    with pytest.raises(Exception, match="run 1 does not exist"):
        world.look()
    assert (told.titles, pending(world)) == ([], [run.id])
    (note,) = notices.pending(world.project.location.private)
    os.utime(note.file, (0, 0))
    with pytest.raises(Exception, match="run 1 does not exist"):
        world.look()
    assert pending(world) == []


def test_whoever_switches_notifications_off_gets_none(
    world: World, told: Notified, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.submit()
    monkeypatch.setenv(VARIABLE, "off")
    world.submit()
    assert pending(world) == [first.id]
    for _, job in enumerate(world.scheduler.jobs):
        job.ends()
    world.look()
    assert told.titles == []
    monkeypatch.delenv(VARIABLE)
    world.look()
    assert told.titles == ["qanat: run 1 of train finished"]


def test_without_settings_the_notes_are_removed_at_the_end(world: World, told: Notified) -> None:
    told.file.unlink()
    world.submit()
    end(world, 0)
    world.look()
    assert (pending(world), world.notes) == ([], [])


def test_settings_that_are_not_valid_are_named_until_they_are_and_nothing_is_lost(world: World, told: Notified) -> None:
    told.set(whenever=True)
    world.submit()
    end(world, 0)
    assert world.look().state is State.FINISHED
    (note,) = world.notes
    assert note.startswith(f"you are not notified of runs: {told.file}:1: notify.whenever: unknown key")
    told.set()
    world.look()
    assert (told.titles, world.notes) == (["qanat: run 1 of train finished"], [])


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["/no/such/program"], "/no/such/program: no such file or directory"),
        (["sh", "-c", "echo no bus >&2; exit 4"], "sh: exit status 4: no bus"),
    ],
)
def test_why_a_message_was_not_sent_is_said_once(
    world: World, told: Notified, command: list[str], problem: str
) -> None:
    told.set(command=command)
    world.submit()
    end(world, 0)
    assert world.look().state is State.FINISHED
    assert world.notes == [f"a notification was not sent: {problem}"]
    world.look()
    assert world.notes == []


def test_a_message_that_takes_long_delays_no_command_and_what_goes_wrong_is_said_later(
    world: World, told: Notified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    told.set(command=["sh", "-c", f"read line <{gate}; exit 5"])
    monkeypatch.setattr(notifying, "WAIT_S", 0.1)
    world.submit()
    end(world, 0)
    assert world.look().state is State.FINISHED
    assert world.notes == []
    gate.write_text("\n")
    wait_until(lambda: world.look() and world.notes)
    assert world.notes == ["a notification was not sent: sh: exit status 5"]


def test_the_watcher_of_a_local_run_tells_of_its_first_failure_and_its_end(
    world: World, told: Notified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FIRST_FAILURE_S", 0.0)
    world.experiment(f'[ "$2" = 1 ] || exit 3\nwhile [ ! -s {tmp_path}/config/messages ]; do sleep 0.01; done\n')
    world.launch(groups=("--seed 0", "--seed 1"))
    assert told.titles == ["qanat: run 1 of train: first failure", "qanat: run 1 of train failed"]
    assert (pending(world), world.outcome.notes) == ([], ())


def test_a_local_run_that_ends_soon_after_its_first_failure_is_one_message(world: World, told: Notified) -> None:
    world.experiment("exit $2\n")
    world.launch(groups=("--seed 3", "--seed 0"))
    assert told.titles == ["qanat: run 1 of train failed"]


def test_a_local_run_that_is_interrupted_is_not_told_about(world: World, told: Notified) -> None:
    world.experiment("exec sleep 60\n")
    world.in_process = lambda name, slots: Interrupting(slots)  # type: ignore[method-assign]
    assert world.launch().state is State.CANCELLED
    assert (told.titles, pending(world)) == ([], [])


def test_the_groups_of_a_launch_are_noted_however_many(world: World) -> None:
    private, most = world.project.location.private, 40_000
    launched = notices.Launched("/root", "record.yaml", "2026-11-23T05:17:55+00:00", range(0, most, 2))
    notices.begin(private, "1-aaaaaa", launched, world.project.sharing)
    (note,) = notices.pending(private)
    read = notices.read(note)
    assert read
    assert read.groups == frozenset(range(most - 1))
