"""Saying why groups of a run that comes after others have not started: what they wait for, or which run failed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from qanat.domain import order
from qanat.domain.order import After
from qanat.domain.run import Run, State
from qanat.records.index import Index

Ended = dict[str, tuple[Run, Run]]


def explain(index: Index, live: dict[str, Run], ended: Ended) -> None:
    """Add the reasons to active runs and to those that have just ended, by the paths of their records.

    The record says which runs come first: this only describes, and nobody acts on it.
    """
    now = [*live.values(), *(run for _, run in ended.values())]
    known = {run.id: run for run in now}
    for path, run in [*live.items()]:
        live[path] = _waiting(run, known)
    for path, (before, run) in [*ended.items()]:
        ended[path] = before, _cancelled(run, _states(index, run.after, known))


def _waiting(run: Run, known: Mapping[str, Run]) -> Run:
    active = {one.run: known[one.run].experiment for one in run.after if one.run in known}
    active = {name: experiment for name, experiment in active.items() if not known[name].state.ended}
    why = order.why_waiting(run.after, active)
    waits = [g for g in run.groups if g.state in (State.QUEUED, State.HELD)] if why else []
    return run.with_groups({group.number: replace(group, reason=why) for group in waits})


def _cancelled(run: Run, states: Mapping[str, State]) -> Run:
    why = order.why_never(run.after, states)
    never = [g for g in run.groups if g.state is State.CANCELLED and g.started is None] if why else []
    return run.with_groups({group.number: replace(group, reason=why) for group in never})


def _states(index: Index, after: Iterable[After], known: Mapping[str, Run]) -> dict[str, State]:
    """Return how runs are doing now, as far as there are any."""
    states = {row.id: State(row.state) for one in after for row in index.numbered(one.number)}
    return states | {name: run.state for name, run in known.items()}
