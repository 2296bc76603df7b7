"""Groups of a run of this machine that are retried at once by its policy, by the process that watches them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run, State
from qanat.errors import UsageError, WriteFailed
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from tests.support.sandbox import wait_until
from tests.support.scheduler import Killed
from tests.support.world import View, World

# What a program knows of its earlier attempts is how many of them left a folder.
COUNT = 'n=$(($(ls "$QANAT_STORAGE_PATH/attempts" 2>/dev/null | wc -l) + 1))\necho attempt $n\n'


@pytest.fixture
def retried(world: World) -> World:
    """Return a world whose program exits with 75 twice and then succeeds, and which is retried then."""
    return defined(world, 'if [ "$n" -lt 3 ]; then exit 75; fi\n', {"exit_code": [75]})


def defined(world: World, script: str, *when: Any, times: int = 2, **factors: str) -> World:
    """Define the experiment with a policy; in its script, n is the attempt."""
    world.experiment(COUNT + script, retry={"when": list(when), "times": times, **factors})
    return world


def ends(run: Run) -> list[tuple[int, int | None]]:
    """List the earlier attempts of the first group with their exit codes."""
    return [(end.attempt, end.exit_code) for end in run.groups[0].earlier]


def printed(world: World, folder: str) -> str:
    """Return what an attempt printed."""
    return (world.root / folder / "stdout.txt").read_text()


def test_a_group_is_retried_at_once_until_it_succeeds(retried: World) -> None:
    run = retried.launch()
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.FINISHED, 3, [(1, 75), (2, 75)])
    assert retried.recorded() == retried.committed() == run
    assert [what for name, what in retried.view.events if name == "changed"] == [
        (0, state)
        for state in (State.RUNNING, State.QUEUED, State.RUNNING, State.QUEUED, State.RUNNING, State.FINISHED)
    ]
    folders = ["attempts/1", "attempts/2", ""]
    assert [printed(retried, f"{run.storage}/{name}") for name in folders] == [f"attempt {n}\n" for n in (1, 2, 3)]
    assert retried.journals() == []


def test_a_group_gets_no_more_attempts_than_the_policy_says(world: World) -> None:
    run = defined(world, "exit 75\n", "failed", times=1).launch()
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.FAILED, 2, [(1, 75)])


def test_each_group_has_attempts_of_its_own(world: World) -> None:
    defined(world, 'if [ "$1" -ge "$n" ]; then exit 75; fi\n', "failed")
    run = world.launch(groups=("0", "1", "2", "3"), n_threads=2)
    assert [(group.attempt, group.state) for group in run.groups] == [
        (1, State.FINISHED),
        (2, State.FINISHED),
        (3, State.FINISHED),
        (3, State.FAILED),
    ]
    assert printed(world, f"{run.storage}/group_1/attempts/1") == "attempt 1\n"


def test_a_group_that_took_too_long_gets_more_time(world: World) -> None:
    defined(world, 'if [ "$n" = 1 ]; then sleep 60; fi\n', "timeout", time="1.5x")
    run = world.launch(time_limit="1s")
    assert (run.state, run.groups[0].attempt) == (State.FINISHED, 2)
    (end,) = run.groups[0].earlier
    assert end.reason == "exceeded the time limit of 1s"
    assert run.runner.options["time_limit"] == "1s"


def limit_of(world: World) -> tuple[int, str]:
    """Return the attempt of the first group, and what another terminal sees of it."""
    group = world.look().groups[0]
    return group.attempt, group.reason


def test_the_record_says_which_time_an_attempt_had(world: World) -> None:
    defined(world, 'if [ "$n" -lt 3 ]; then sleep 60; fi\n', "timeout", time="2x")
    seen: list[tuple[int, str]] = []
    world.view = View(lambda name, what: seen.append(limit_of(world)) if name == "changed" else None)
    run = world.launch(time_limit="1s")
    assert {(2, "with a time limit of 2s"), (3, "with a time limit of 4s")} < {*seen}
    assert [(end.reason, dict(end.options)) for end in run.groups[0].earlier] == [
        ("exceeded the time limit of 1s", {}),
        ("exceeded the time limit of 2s", {"time_limit": "2s"}),
    ]


def test_a_run_that_is_interrupted_is_not_retried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    defined(world, "exit 75\n", "failed")
    monkeypatch.setattr("qanat.runners.local.runner.LocalRunner.interrupted", 15)
    run = world.launch()
    assert run.groups[0].attempt == 1


def test_other_groups_start_unless_one_has_failed_for_good(world: World) -> None:
    defined(world, 'if [ "$1" -ge "$n" ]; then exit 75; fi\n', "failed", times=1)
    run = world.launch(groups=("1", "3", "0"), fail_fast=True)
    assert [(group.attempt, group.state) for group in run.groups] == [
        (2, State.FINISHED),
        (2, State.FAILED),
        (1, State.CANCELLED),
    ]


def test_outputs_that_cannot_be_set_aside_are_kept_where_they_are(
    retried: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise WriteFailed("no space left")

    monkeypatch.setattr("qanat.usecases.launch.earlier_files.set_aside", full)
    run = retried.launch()
    assert (run.state, run.groups[0].attempt) == (State.FAILED, 1)
    assert "group 0 is not retried: no space left" in retried.outcome.notes
    assert printed(retried, run.storage) == "attempt 1\n"


def test_a_retry_by_hand_is_retried_too(world: World) -> None:
    defined(world, 'if [ "$n" -lt 5 ]; then exit 75; fi\n', "failed", times=1)
    assert world.launch().groups[0].attempt == 2
    run = world.started(retry, world.find(), [0], [], LaunchOptions(), {}, runners=world, view=View())
    assert (run.state, run.groups[0].attempt, ends(run)) == (State.FAILED, 3, [(1, 75), (2, 75)])


def killed_after(state: State, count: int) -> Callable[[str, Any], None]:
    """Return what kills qanat once a group has been in a state so many times."""
    left = [count]

    def kill(name: str, what: Any) -> None:
        if name == "changed" and what[1] is state:
            left[0] -= 1
            if not left[0]:
                raise Killed

    return kill


@pytest.mark.parametrize(("state", "count"), [(State.RUNNING, 2), (State.QUEUED, 1)])
def test_a_watcher_that_is_killed_leaves_the_attempts_in_its_journal(retried: World, state: State, count: int) -> None:
    retried.view = View(killed_after(state, count))
    with retried.killed():
        retried.launch()
    wait_until(lambda: retried.look().state.ended)
    run = retried.recorded()
    assert (run.groups[0].attempt, ends(run)) == (2, [(1, 75)])
    assert run.state is not State.FINISHED
    assert retried.committed() == run


def test_a_journal_tells_of_the_attempts_that_a_living_watcher_has_begun(retried: World) -> None:
    seen: list[tuple[int, State, list[tuple[int, int | None]]]] = []

    def look(name: str, what: Any) -> None:
        if name == "changed" and what[1] is State.QUEUED:
            run = retried.look()
            seen.append((run.groups[0].attempt, run.groups[0].state, ends(run)))

    retried.view = View(look)
    retried.launch()
    assert seen == [(2, State.QUEUED, [(1, 75)]), (3, State.QUEUED, [(1, 75), (2, 75)])]


def test_a_line_that_qanat_did_not_write_is_left_out(retried: World) -> None:
    run = retried.left_alone(1)
    with retried.journal(run) as journal:
        path: Path = journal.path
    with path.open("a") as file:
        file.write('{"group": 0, "attempt": 2, "earlier": [{"attempt": 5, "state": "failed"}]}\n')
    assert retried.look().groups[0].attempt == 1


def test_a_local_run_is_retried_as_often_as_it_is_asked_for(retried: World) -> None:
    run = retried.launch(retry=1)
    assert (run.state, run.groups[0].attempt) == (State.FAILED, 2)
    assert retried.launch(retry=0).groups[0].attempt == 1
    options = LaunchOptions(retry=2)
    run = retried.started(retry, retried.find(), [0], [], options, {}, runners=retried, view=View())
    assert (run.state, run.groups[0].attempt) == (State.FINISHED, 3)


def test_a_factor_without_a_limit_is_noted_at_the_launch(world: World) -> None:
    defined(world, "exit 0\n", "timeout", "out_of_memory", memory="2x", time="2x").launch()
    (said,) = [what for name, what in world.view.events if name == "note"]
    assert said == "retry.time, which is 2x, has no effect: the run has no time limit (--time-limit)"
    world.launch(time_limit="1h")
    assert "note" not in dict(world.view.events)


def test_a_factor_that_never_applies_is_refused(world: World) -> None:
    defined(world, "exit 0\n", "failed", time="2x").launch()
    defined(world, "exit 0\n", "out_of_memory", time="2x")
    with pytest.raises(UsageError, match=r"retry\.time is 2x, but retry\.when does not name timeout"):
        world.launch()


def test_a_checkpoint_bounds_what_the_program_and_the_policy_start_together(world: World) -> None:
    script = 'if [ "$QANAT_ATTEMPT" = 2 ]; then exit 3; fi\nexit 75\n'
    world.experiment(script, checkpoint={"exit_code": 75, "attempts": 4}, retry={"when": ["failed"], "times": 9})
    run = world.launch()
    assert [(end.attempt, end.state, end.exit_code) for end in run.groups[0].earlier] == [
        (1, "checkpoint", 75),
        (2, "failed", 3),
        (3, "checkpoint", 75),
    ]
    assert (run.state, run.groups[0].attempt) == (State.FAILED, 4)
    assert run.groups[0].reason == "exit code 75: it was to continue, but had no attempts left"
