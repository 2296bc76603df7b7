"""Starting an attempt, on this machine or by submitting it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qanat.domain.run import Run, SubmissionFacts
from qanat.errors import SubmitFailed
from qanat.system import processes
from qanat.usecases.launch.attempt import Attempt
from qanat.usecases.launch.follow import follow_run
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.view import BeginningView, LaunchView, Outcome, WatchView
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.runners.protocol import Runners


def start(
    project: Project,
    attempt: Callable[[SubmissionFacts], Attempt],
    place: Workplace,
    options: LaunchOptions,
    runners: Runners,
    view: LaunchView,
    order: Order,
) -> Outcome:
    """Create an attempt that works at this place, start its jobs, and follow them as far as the options say.

    `attempt` is called with what identifies the jobs later; it adds their intent. Raises WriteFailed or InputInvalid
    before anything has run, and for a scheduler whatever submit() raises.
    """
    checkout = None if place.folder == project.root else project.paths.relative(place.folder)
    if runners.is_in_process(options.runner):
        here = partial(_start_here, project, attempt, checkout, options, runners)
        return _in_background(project, here, view) if options.detach else here(view)
    from qanat.usecases.launch.wait import after_submission  # a local run starts without it

    facts = replace(options.facts(), submitted=project.clock.now(), checkout=checkout)
    outcome = _submit(project, attempt(facts), options, runners, order)
    return after_submission(project, outcome, options, runners, view)


def _start_here(
    project: Project,
    attempt: Callable[[SubmissionFacts], Attempt],
    checkout: str | None,
    options: LaunchOptions,
    runners: Runners,
    view: WatchView,
) -> Outcome:
    """Start the jobs of an attempt in this process, and watch them to their ends."""
    with runners.in_process(options.runner, options.slots) as here:
        own = attempt(_own_processes(checkout))
        before = partial(_waiting, project, runners) if own.beginning.run.after else None
        return follow_run(project, own, here, view, fail_fast=options.fail_fast, before=before)


def _waiting(project: Project, runners: Runners, run: Run) -> Iterator[str]:
    from qanat.usecases.launch import earlier_runs  # most runs wait for none

    return earlier_runs.wait_here(project, run, runners)


def _in_background(project: Project, here: Callable[[WatchView], Outcome], view: LaunchView) -> Outcome:
    """Start the jobs of an attempt in a process that outlives this one; return once the run is recorded."""
    from qanat.system import background  # most runs are watched from here

    run: Run = background.first_report(partial(_report_beginning, project, here), project.root)
    outcome = Outcome(run, groups=tuple(group.number for group in run.groups if not group.state.ended))
    view.submitted(outcome)
    return outcome


def _report_beginning(project: Project, here: Callable[[WatchView], Outcome], report: Callable[[Run], None]) -> None:
    """Watch a run in a process whose output nobody sees, and report its beginning; what goes wrong later is left."""
    from qanat.usecases.tracking import bug_report

    begun: list[str] = []

    def begins(run: Run) -> None:
        report(run)
        begun.append(f"the qanat process that watched run {run.number} of {run.experiment} ended early")
        bug_report.leave_those_of_threads(project, f"while run {run.number} of {run.experiment} was watched")

    try:
        here(BeginningView(begins))
    except Exception as error:
        if begun:
            bug_report.leave(project, begun[0], error)
        raise


def _submit(project: Project, attempt: Attempt, options: LaunchOptions, runners: Runners, order: Order) -> Outcome:
    """Submit an attempt. Raises what submit() raises, with how to check the template if that may be at fault."""
    from qanat.runners.protocol import ChecksTemplates
    from qanat.usecases.launch import templates
    from qanat.usecases.launch.submit import submit

    runner = runners.submitting(options.runner)
    try:
        return submit(project, attempt, runner, order)
    except SubmitFailed as error:
        if error.hint or not isinstance(runner, ChecksTemplates):
            raise
        name = options.template or attempt.beginning.run.runner.template
        raise SubmitFailed(error.message, hint=templates.how_to_check(project, options.runner, name)) from None


def _own_processes(checkout: str | None) -> SubmissionFacts:
    """Return what identifies the processes of a local run later: this process, and an intent once the run has an id."""
    pid = os.getpid()
    return SubmissionFacts("", pid=pid, process_start=processes.start_of(pid), checkout=checkout)
