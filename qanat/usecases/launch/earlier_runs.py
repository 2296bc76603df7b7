"""The runs that have to end before a run starts: finding them, and waiting for them on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qanat.domain import order
from qanat.domain.order import After
from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.runners.protocol import Runners, SubmitsHeld
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.order import NeverStarts, Order
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import check_may_end, find_run
from qanat.usecases.tracking.refresh import Refreshed

# How often a run of this machine that waits looks at the others.
POLL_S = 0.5
POLL_MAX_S = 10.0
TICK_S = 0.05


def named(project: Project, words: Sequence[str], runners: Runners) -> Order:
    """Return the order in which a new run starts, given the runs as `--after` names them.

    Raises UsageError for a run that has not ended as required, and never will, as find_run() does, and NotFound.
    """
    if not words:
        return Order()
    found: dict[str, tuple[After, Run]] = {}
    with refreshed(project, runners) as (index, result):
        for word, anyhow in map(order.split, words):
            one = find_run(project, index, result, word)
            check_may_end(one, "a run after it would never start")
            found[one.run.id] = (After(one.run.id, anyhow), one.run)
    states = {run.id: _state(run, result) for _, run in found.values()}
    for after, run in found.values():
        if after.is_broken(states[run.id]):
            raise UsageError(
                f"run {run.number} {order.described_end(run.state)}, so a run after it would never start",
                hint=f"retry it: qanat retry {run.number}; or accept any end of it: --after {run.number}:any",
            )
    active = tuple(run for _, run in found.values() if not states[run.id].ended)
    return Order(tuple(after for after, _ in found.values()), active)


def again(project: Project, run: Run, live: Iterable[Run]) -> Order:
    """Return what a run that is retried has to wait for, given the active runs.

    Raises UsageError if one has not ended as required, or if that will never be known, since its record is gone. A run
    that had begun may continue, since that one had ended as required.
    """
    active = {one.id: one for one in live if not one.state.ended}
    with project.index() as index:
        index.sync()
        states = {row.id: State(row.state) for one in run.after for row in index.numbered(one.number)}
    states |= {name: one.state for name, one in active.items()}
    if why := order.why_never(run.after, states):
        first = next(one for one in run.after if one.run in states and one.is_broken(states[one.run]))
        raise UsageError(
            f"run {run.number} starts after run {first.number}, and {why}",
            hint=f"retry that one first: qanat retry {first.number}",
        )
    gone = [one for one in run.after if one.run not in states and not one.any]
    if gone and run.started is None:
        what = f"run {run.number} was to start once run {gone[0].number} had finished, and that one no longer exists"
        raise UsageError(what, hint=f"to run it without waiting: qanat rerun {run.number}")
    return Order(run.after, tuple(active[one.run] for one in run.after if one.run in active))


def check_runner(order: Order, name: str, runners: Runners) -> None:
    """Raise UsageError for a runner that cannot keep jobs waiting, if the run has to wait."""
    if not order.active or runners.is_in_process(name) or isinstance(runners.submitting(name), SubmitsHeld):
        return
    first = order.active[0].number
    raise UsageError(
        f"runner {name} cannot submit jobs that wait for another run",
        hint=f"wait for that run first: qanat wait {first}",
    )


def _found(index: Index, result: Refreshed, after: Iterable[After]) -> Iterator[tuple[str, Run]]:
    for one in after:
        for row in index.numbered(one.number):
            if row.id == one.run:
                yield one.run, result.live.get(row.path) or run_codec.from_index(index.record(row.path), row.path)


def _state(run: Run, result: Refreshed) -> State:
    """Return the state of a run; one that is about to be retried automatically has not ended."""
    return State.QUEUED if run_codec.path_of(run) in result.pending else run.state


def wait_here(project: Project, run: Run, runners: Runners) -> Iterator[str]:
    """Yield what a run of this machine waits for, at each look, until it may start.

    Raises NeverStarts if it will not. Between two looks, the caller gets the time to end the wait.
    """
    pause_s, found = POLL_S, dict[str, Run]()
    while True:
        with refreshed(project, runners) as (index, result):
            # A record that is gone meanwhile, as with another branch, says nothing about the end of its run.
            found |= _found(index, result, run.after)
        states = {name: _state(one, result) for name, one in found.items()}
        if why := order.why_never(run.after, states):
            raise NeverStarts(why)
        waits = order.why_waiting(run.after, {n: one.experiment for n, one in found.items() if not states[n].ended})
        if not waits:
            return
        until = project.clock.monotonic() + pause_s
        while project.clock.monotonic() < until:
            yield waits
            project.clock.sleep(TICK_S)
        # A scheduler has others to answer.
        is_asked = any(not runners.is_in_process(one.runner.name) for one in found.values())
        pause_s = min(pause_s * 1.2, POLL_MAX_S) if is_asked else POLL_S
