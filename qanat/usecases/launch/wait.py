"""Waiting for the end of a run that this process does not watch."""

from __future__ import annotations

import signal
from dataclasses import replace

from qanat.domain.run import Run
from qanat.runners.protocol import Runners
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.launch.wait_several import Looks
from qanat.usecases.project import Project
from qanat.usecases.runs import cancel, files


def wait(
    project: Project, run: Run, runners: Runners, view: LaunchView, *, cancel_on_interrupt: bool = False
) -> Outcome:
    """Poll a run until it has ended.

    Ctrl-C ends the wait and leaves the run active; with cancel_on_interrupt it cancels the run and waits for its end.
    Raises UsageError for a run that never ends, since its intent was made for another one.
    """
    interrupted = None
    looks, here = _looks(project, run, runners, view), runners.is_in_process(run.runner.name)
    try:
        looks.until_ended(here=here)
    except KeyboardInterrupt:
        interrupted = signal.SIGINT
        if not cancel_on_interrupt:
            return Outcome(run, interrupted=interrupted)
        looks = _looks(project, run, runners, view)
        found = looks.look(retries_due=False)[0]
        if found.retry or not found.run.state.ended:
            cancel.cancel_run(project, found, runners)
        looks.until_ended(here=here)
    (found,) = looks.ended()
    return Outcome(found.run, tuple(files.metric_problems(project, found)), interrupted)


def after_submission(
    project: Project, outcome: Outcome, options: LaunchOptions, runners: Runners, view: LaunchView
) -> Outcome:
    """Show a run whose jobs are queued, and wait for its end if the options say so."""
    view.submitted(outcome)
    if not options.wait:
        return outcome
    ended = wait(project, outcome.run, runners, view, cancel_on_interrupt=options.cancel_on_interrupt)
    return replace(ended, notes=(*outcome.notes, *ended.notes), groups=outcome.groups)


def _looks(project: Project, run: Run, runners: Runners, view: LaunchView) -> Looks:
    return Looks(project, [run.id], runners, lambda runs, notes: view.seen(runs[0], notes))
