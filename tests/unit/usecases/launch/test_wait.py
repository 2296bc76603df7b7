"""Waiting for the end of a submitted run, and what Ctrl-C means meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable

from qanat.domain.run import State
from qanat.usecases.launch.launch import launch
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.launch.view import Outcome
from qanat.usecases.launch.wait import wait
from tests.support.world import View, World


def start(world: World, view: View, *, cancel_on_interrupt: bool = False) -> Outcome:
    """Submit a run and wait for its end."""
    options = LaunchOptions("world", wait=True, cancel_on_interrupt=cancel_on_interrupt)
    return launch(world.project, RunRequest("train"), options, runners=world, ask=world.ask, view=view)


def interrupting(before: Callable[[], None] = lambda: None) -> View:
    """Return a view that presses Ctrl-C when the run is seen for the first time, after something else has happened."""
    pressed: list[str] = []

    def press(name: str, what: object) -> None:
        if name == "seen" and not pressed:
            pressed.append(name)
            before()
            raise KeyboardInterrupt

    return View(press)


def test_a_run_is_looked_at_until_it_has_ended(world: World) -> None:
    world.clock.after(1, lambda: next(world.scheduler.of(0)).starts())
    world.clock.after(2, lambda: next(world.scheduler.of(0)).ends())
    view = View()
    outcome = start(world, view)
    assert view.events[0] == ("submitted", ["1.0"])
    assert view.events[1:] == [("seen", state) for state in (State.QUEUED, State.RUNNING, State.FINISHED)]
    assert (outcome.run, outcome.interrupted) == (world.committed(), None)


def test_a_run_that_takes_long_is_looked_at_less_and_less_often(world: World) -> None:
    took_s = 600
    world.clock.after(took_s, lambda: next(world.scheduler.of(0)).ends())
    assert start(world, View()).run.state is State.FINISHED
    assert took_s <= world.clock.monotonic() <= took_s + 10
    assert 60 < len(world.scheduler.polls) < 80


def test_ctrl_c_ends_the_wait_and_the_run_goes_on(world: World) -> None:
    outcome = start(world, interrupting())
    assert (outcome.run.state, outcome.interrupted) == (State.QUEUED, signal.SIGINT)
    assert world.look().state is State.QUEUED


def test_ctrl_c_cancels_where_that_is_asked_for_and_the_end_is_waited_for(world: World) -> None:
    view = interrupting()
    outcome = start(world, view, cancel_on_interrupt=True)
    assert (outcome.run.state, outcome.interrupted) == (State.CANCELLED, signal.SIGINT)
    assert outcome.run == world.committed()
    assert view.events[-1] == ("seen", State.CANCELLED)


def test_ctrl_c_just_after_the_end_has_nothing_to_cancel(world: World) -> None:
    outcome = start(world, interrupting(lambda: next(world.scheduler.of(0)).ends()), cancel_on_interrupt=True)
    assert (outcome.run.state, outcome.interrupted) == (State.FINISHED, signal.SIGINT)


def test_ctrl_c_just_after_an_end_that_cannot_be_recorded_has_nothing_to_cancel(world: World) -> None:
    """Here, somebody has edited the record meanwhile."""

    def end() -> None:
        next(world.scheduler.of(0)).ends()
        (record,) = (world.root / ".qanat/runs").rglob("*.yaml")
        record.write_text(record.read_text().replace("tags: []", "tags: [mine]"))

    outcome = start(world, interrupting(end), cancel_on_interrupt=True)
    assert (outcome.run.state, outcome.interrupted) == (State.FINISHED, signal.SIGINT)


def test_a_run_that_another_process_submitted_can_be_waited_for(world: World) -> None:
    run = world.submit()
    world.clock.after(5, lambda: next(world.scheduler.of(0)).ends(3))
    assert wait(world.project, run, world, View()).run.state is State.FAILED


def test_metrics_that_are_not_in_the_record_are_named_at_the_end(world: World) -> None:
    def end() -> None:
        (job,) = world.scheduler.of(0)
        (job.spec.storage / "metrics.json").mkdir(parents=True)
        job.ends()

    world.clock.after(1, end)
    outcome = start(world, View())
    assert outcome.notes == (f"{world.root}/{outcome.run.storage}/metrics.json: is a directory",)
