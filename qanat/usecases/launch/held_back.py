"""Submitting runs whose jobs are held until other runs have ended, and handing the wait over to the scheduler."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from qanat.domain.intents import is_made_for
from qanat.domain.job import JobBatch, JobsBefore
from qanat.domain.run import Run
from qanat.errors import QanatError
from qanat.records import orders, run_codec
from qanat.records.orders import Waiting
from qanat.runners.protocol import ReleasesAtOnce, Runner, SubmitsHeld
from qanat.usecases.launch.order import Order
from qanat.usecases.project import Project
from qanat.usecases.tracking.submission import jobs_of


def note(project: Project, run: Run) -> None:
    """Note that a run is about to be submitted as held. Raises WriteFailed."""
    _note(project, run, released=False)


def _note(project: Project, run: Run, *, released: bool) -> None:
    path, intent = run_codec.path_of(run), run.submission.intent
    waiting = Waiting(run.id, str(project.root), path, intent, run.after, released=released)
    orders.note(project.location.private, waiting, project.sharing)


def forget(project: Project, run: Run) -> None:
    """Forget a run that was not submitted after all."""
    orders.forget(project.location.private, run.id)


def jobs_before(project: Project, order: Order, runner: str) -> tuple[JobsBefore, ...]:
    """Return the jobs that have to end first; nothing if not all of them are known to be this runner's.

    Those of a run that is retried automatically are not known: there may be more of them.
    """
    anyhow = {one.run for one in order.after if one.any}
    found = []
    for run in order.active:
        left = [group for group in run.groups if not group.state.ended]
        own = is_made_for(run.submission.intent, run.id) and all(group.job for group in left)
        if run.runner.name != runner or run.runner.retry or not own:
            return ()
        handles = tuple(job.handle for job in jobs_of(project, run, [group.number for group in left]))
        found.append(JobsBefore(handles, any=run.id in anyhow))
    return tuple(found)


def hand_over(project: Project, run: Run, batch: JobBatch, runner: Runner) -> str:
    """Leave the wait of a submitted run to its scheduler, if that can; return what the user should know, if anything.

    The jobs stay held if this fails, and then the next command that looks at runs releases them.
    """
    waiting = [group.number for group in run.groups if group.job and not group.state.ended]
    handles = [job.handle for job in jobs_of(project, run, waiting)]
    if isinstance(runner, SubmitsHeld):
        try:
            if runner.hand_over(batch, handles, _command(project)):
                if isinstance(runner, ReleasesAtOnce):
                    _note(project, run, released=True)
                return ""
        except QanatError as error:
            return f"run {run.number} is held: {error.message}; {_later(run)}"
    return f"run {run.number} is held: {_later(run)}"


def _later(run: Run) -> str:
    return f"once it may start, the next qanat command that looks at runs releases it, or qanat wait {run.number}"


def _command(project: Project) -> Sequence[str]:
    """Return what releases the runs that wait, whichever directory it is started in."""
    return (sys.executable, "-P", "-m", "qanat", "keep-order", str(project.root))
