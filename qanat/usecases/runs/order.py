"""The order between runs, as commands on one of them have to mind it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from qanat.domain import order
from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.records import orders, run_codec
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import is_active


def waiting_for(project: Project, run: Run) -> list[Run]:
    """List the active runs that wait for a run."""
    return [one for one in _coming_after(project, run) if is_active(one)]


def not_started_for(project: Project, run: Run) -> list[Run]:
    """List the runs that were cancelled since a run before them has not ended as required, which can be retried."""
    return [one for one in _coming_after(project, run) if one.state is State.CANCELLED and one.started is None]


def check_deletable(project: Project, run: Run, deleted: Collection[str] = ()) -> None:
    """Raise UsageError if an active run waits for this one; `deleted` are the ids of runs that are deleted as well."""
    if waiting := [one for one in waiting_for(project, run) if one.id not in deleted]:
        number = waiting[0].number
        what = f"run {run.number} cannot be deleted: run {number} ({waiting[0].experiment}) waits for it"
        raise UsageError(what, hint=f"cancel that one first: qanat cancel {number}")


def keep_held(project: Project, run: Run) -> None:
    """Let a run that waits stay held when it may start, since the user has held it. Raises WriteFailed."""
    if waiting := orders.read(project.location.private, run.id):
        orders.note(project.location.private, replace(waiting, kept=True), project.sharing)


@dataclass(frozen=True, slots=True)
class Release:
    """Whether a run may start now, and whether its jobs may be released, which then start when they may."""

    starts: bool
    jobs: bool


def release(project: Project, run: Run) -> Release:
    """Return what may be done to release a run; if its jobs may not be, that is done once the run may start.

    Raises UsageError if it only waits for others, so that nobody has to release it, and WriteFailed.
    """
    private = project.location.private
    waiting = orders.read(private, run.id)
    if waiting is None:
        return Release(starts=True, jobs=True)
    with project.index() as index:
        index.sync()
        rows = {row.id: row for one in waiting.after for row in index.numbered(one.number)}
    active = {row.id: row.experiment for row in rows.values() if not State(row.state).ended}
    why = order.why_waiting(waiting.after, active)
    if why and not waiting.kept:
        hint = f"to start it without waiting, cancel it, and run it again: qanat rerun {run.number}"
        raise UsageError(f"run {run.number} {why}, and is released once it may start", hint=hint)
    if why:
        orders.note(private, replace(waiting, kept=False), project.sharing)
        return Release(starts=False, jobs=waiting.released)
    orders.forget(private, run.id)
    return Release(starts=True, jobs=True)


def _coming_after(project: Project, run: Run) -> list[Run]:
    with project.index() as index:
        index.sync()
        return [run_codec.from_index(text) for text in index.coming_after(run.id)]
