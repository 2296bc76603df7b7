"""Waiting for the end of a run that this process does not watch."""

from __future__ import annotations

import signal
from dataclasses import replace

from qanat.domain.run import Run
from qanat.runners.protocol import Runners
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.project import Project
from qanat.usecases.runs import cancel, files
from qanat.usecases.tracking.find import Found, check_may_end, find_run
from qanat.usecases.tracking.refresh import Refreshed

POLL_S = 1.0
POLL_MAX_S = 10.0
POLL_HERE_S = 0.5
# How often a run that has ended is looked at until its watcher has recorded it.
RECORDING_LOOKS = 20


def wait(
    project: Project, run: Run, runners: Runners, view: LaunchView, *, cancel_on_interrupt: bool = False
) -> Outcome:
    """Poll a run until it has ended.

    Ctrl-C ends the wait and leaves the run active; with cancel_on_interrupt it cancels the run and waits for its end.
    Raises UsageError for a run that never ends, since its intent was made for another one.
    """
    interrupted = None
    try:
        found = _until_ended(project, run, runners, view)
    except KeyboardInterrupt:
        interrupted = signal.SIGINT
        if not cancel_on_interrupt:
            return Outcome(run, interrupted=interrupted)
        found, _ = _look(project, run, runners, view)
        if not found.run.state.ended:
            cancel.cancel_run(project, found, runners)
        found = _until_ended(project, run, runners, view)
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


def _until_ended(project: Project, run: Run, runners: Runners, view: LaunchView) -> Found:
    """Poll again and again, less often over time if a scheduler is asked, which has others to answer."""
    here = runners.is_in_process(run.runner.name)
    pause_s, most_s = (POLL_HERE_S, POLL_HERE_S) if here else (POLL_S, POLL_MAX_S)
    unrecorded = 0
    while True:
        found, result = _look(project, run, runners, view)
        check_may_end(found, "it never ends")
        has_ended = found.run.state.ended and found.record not in result.pending
        unrecorded += has_ended
        if has_ended and (found.record not in result.live or unrecorded > RECORDING_LOOKS):
            return found
        project.clock.sleep(pause_s)
        pause_s = min(pause_s * 1.2, most_s)


def _look(project: Project, run: Run, runners: Runners, view: LaunchView) -> tuple[Found, Refreshed]:
    """Return a run as it is now, and what is known about all runs."""
    with refreshed(project, runners) as (index, result):
        found = find_run(project, index, result, run.id)
    view.seen(found.run, result.notes_on(run.id))
    return found, result
