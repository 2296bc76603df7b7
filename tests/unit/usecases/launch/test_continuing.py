"""Groups that continue in further attempts: on this machine, on a scheduler, and after a retry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from tests.support.scheduler import START, Killed
from tests.support.world import View, World

# Saves its attempt, and continues until it has saved as often as its first argument says.
SAVES = """\
echo "$QANAT_ATTEMPT" >>"$QANAT_CHECKPOINT/saved"
[ "$(wc -l <"$QANAT_CHECKPOINT/saved")" -ge "$1" ] || exit 85
"""
FLAGS = """\
: >"$QANAT_CHECKPOINT/again.new"
[ -e "$QANAT_CHECKPOINT/again" ] || mv "$QANAT_CHECKPOINT/again.new" "$QANAT_CHECKPOINT/again"
"""


def ends(run: Run, group: int = 0) -> list[tuple[int, str, int | None]]:
    """List how the earlier attempts at a group ended."""
    return [(end.attempt, end.state, end.exit_code) for end in run.groups[group].earlier]


def saved(world: World, run: Run) -> str:
    """Return the checkpoint of a run of one group."""
    return (world.root / run.storage / "checkpoint/saved").read_text()


def again(world: World, *numbers: int, **words: Any) -> Run:
    """Retry groups of run 1."""
    asked = (world.find(), numbers or [0], [], LaunchOptions(), {})
    return world.started(retry, *asked, runners=world, view=world.view, **words)


# ---- on this machine


def test_a_group_continues_at_once_in_the_same_directory(world: World) -> None:
    world.experiment(f"echo $QANAT_ATTEMPT\n{SAVES}", checkpoint=85)
    run = world.launch("3")
    assert (run.state, run.groups[0].attempt, run.groups[0].exit_code) == (State.FINISHED, 3, 0)
    assert ends(run) == [(1, "checkpoint", 85), (2, "checkpoint", 85)]
    assert (world.root / run.storage / "stdout.txt").read_text() == "1\n2\n3\n"
    assert world.recorded() == world.committed() == run
    assert run.checkpoint
    assert run.checkpoint.as_mapping() == {"exit_code": 85, "attempts": 20}
    assert run.groups[0].outputs is None  # a checkpoint is none


def test_a_file_that_an_attempt_writes_makes_another_one_follow(world: World) -> None:
    world.experiment(FLAGS + "exit 3\n", checkpoint={"file": "checkpoint/again"})
    run = world.launch()
    assert (run.state, run.groups[0].exit_code) == (State.FAILED, 3)
    assert ends(run) == [(1, "checkpoint", 3)]


@pytest.mark.parametrize("status", [85, 0])
def test_a_group_has_no_more_attempts_than_it_may(world: World, status: int) -> None:
    checkpoint = {"exit_code": 85, "file": "flag", "attempts": 2}
    world.experiment(f': >"$QANAT_STORAGE_PATH/flag"\nexit {status}\n', checkpoint=checkpoint)
    run = world.launch()
    assert (run.state, len(run.groups[0].earlier)) == (State.FAILED, 1)
    assert run.groups[0].reason == f"exit code {status}: it was to continue, but had no attempts left"


def test_a_run_that_is_cancelled_does_not_continue(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    checked: list[Path] = []

    def cancel(name: str, what: object) -> None:
        if what == (0, State.QUEUED) and not checked:
            checked.extend(world.journals())
            checked[0].with_suffix(".cancel").touch()

    world.view = View(cancel)
    run = world.launch("9")
    assert (run.state, run.groups[0].attempt < 9) == (State.CANCELLED, True)


def test_without_a_checkpoint_an_attempt_has_its_number_and_no_folder(world: World) -> None:
    world.experiment('echo "$QANAT_ATTEMPT ${QANAT_CHECKPOINT-none}"; exit 85\n')
    run = world.launch()
    assert (run.state, run.checkpoint) == (State.FAILED, None)
    assert (world.root / run.storage / "stdout.txt").read_text() == "1 none\n"
    assert not (world.root / run.storage / "checkpoint").exists()


@pytest.mark.parametrize("seen", ["RUNNING", "QUEUED"])
def test_a_kill_on_the_way_loses_no_attempt(world: World, seen: str) -> None:
    world.experiment(SAVES, checkpoint=85)
    count = 0

    def die(name: str, what: object) -> None:
        nonlocal count
        count += what == (0, State[seen])
        if count == 2:
            raise Killed

    world.view = View(die)
    with world.killed():
        world.launch("3")
    group = world.look().groups[0]
    # The second attempt may have ended before it was looked for.
    assert group.attempt in ((2, 3) if seen == "RUNNING" else (3,))
    assert [end.exit_code for end in group.earlier] == [85] * (group.attempt - 1)
    assert group.state.ended


# ---- a retry


def test_a_retry_continues_from_the_checkpoint_of_a_group_that_has_not_finished(world: World) -> None:
    world.experiment(
        f'echo "$QANAT_ATTEMPT" >"$QANAT_STORAGE_PATH/out"\n{SAVES}', checkpoint={"exit_code": 85, "attempts": 2}
    )
    first = world.launch("3")
    assert (first.state, saved(world, first)) == (State.FAILED, "1\n2\n")
    second = again(world)
    assert (second.state, second.groups[0].attempt) == (State.FINISHED, 3)
    assert saved(world, second) == "1\n2\n3\n"
    assert ends(second) == [(1, "checkpoint", 85), (2, "failed", 85)]
    assert (world.root / first.storage / "attempts/2/out").read_text() == "2\n"


def test_a_retry_that_is_to_start_over_keeps_the_checkpoint_aside(world: World) -> None:
    world.experiment(SAVES, checkpoint={"exit_code": 85, "attempts": 2})
    first = world.launch("3")
    second = again(world, start_over=True)
    assert (second.state, saved(world, second)) == (State.FAILED, "3\n4\n")
    assert (world.root / first.storage / "attempts/2/checkpoint/saved").read_text() == "1\n2\n"


def test_a_group_that_has_finished_starts_over(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    world.launch("2")
    assert saved(world, again(world)) == "3\n4\n"


def test_what_was_in_force_at_the_launch_counts(world: World) -> None:
    world.experiment(SAVES, checkpoint={"exit_code": 85, "attempts": 2})
    world.launch("3")
    world.experiment(SAVES, checkpoint={"exit_code": 84, "attempts": 9})
    assert again(world).state is State.FINISHED


# ---- on a scheduler


def leave(world: World, name: str, attempt: int, **keys: Any) -> None:
    """Leave what the script of the job leaves of an attempt."""
    (job,) = world.scheduler.of(0)
    content = {"attempt": attempt, "status": 85, "by": "exit", "started": START, "ended": START, "host": "node7"}
    job.leaves(json.dumps(keys | content) + "\n", name)


def test_a_group_that_waits_for_its_next_attempt_is_queued_with_its_number(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    world.submit()
    (job,) = world.scheduler.of(0)
    assert job.spec.checkpoint == world.recorded().checkpoint
    job.starts()
    leave(world, "continues.json", 1)
    job.is_released()
    run = world.look()
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.QUEUED, 2, [(1, "checkpoint", 85)])
    assert run.groups[0].earlier[0].described == "checkpoint (exit code 85)"
    job.starts()
    (job.spec.storage / "continues.json").unlink()
    leave(world, "earlier.jsonl", 1, end="checkpoint")
    assert (world.look().state, world.look().groups[0].attempt) == (State.RUNNING, 2)
    leave(world, "completion.json", 2)
    (world.root / "results/train/run_1/completion.json").write_text('{"attempt": 2, "status": 0, "by": "exit"}\n')
    run = world.look()
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.FINISHED, 2, [(1, "checkpoint", 85)])


def test_a_group_that_is_removed_between_two_attempts_says_so(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    leave(world, "continues.json", 1)
    job.is_released()
    world.look()
    job.status = job.status.__class__(State.CANCELLED, reason="CANCELLED by 1000", ended=START)
    run = world.look()
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.CANCELLED, 2, [(1, "checkpoint", 85)])


def test_a_program_cannot_claim_more_attempts_than_there_can_be(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    leave(world, "continues.json", 10**6)
    assert world.look().groups[0].attempt == 1001


def test_an_option_that_contradicts_a_checkpoint_is_refused_before_anything_is_written(world: World) -> None:
    world.experiment(SAVES, checkpoint=85)
    world.template("once", once=True)
    with pytest.raises(UsageError, match=r"template once: once: .*, which `checkpoint` of the experiment asks for"):
        world.submit(template="once")
    assert not (world.root / "results").exists()
    world.experiment(SAVES)
    assert world.submit(template="once").checkpoint is None
