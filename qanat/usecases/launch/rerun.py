"""Repeating a run as a new run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from qanat.domain.experiment import CHECKOUT
from qanat.domain.run import Run, RunnerChoice
from qanat.git import worktree
from qanat.runners.protocol import Runners
from qanat.usecases.launch import again, checkouts, code, parameter_copies
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.new_run import Launch, first_attempt
from qanat.usecases.launch.options import LaunchOptions, check_options, choose
from qanat.usecases.launch.plan import Plan
from qanat.usecases.launch.secret_checks import check_launch
from qanat.usecases.launch.start import start
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found

TAG = "rerun"


def rerun(
    project: Project, found: Found, live: list[Run], options: LaunchOptions, *, runners: Runners, view: LaunchView
) -> Outcome:
    """Repeat an earlier run as a new one, with the same code, parameters, parameters file and data.

    A scheduler gets the same options as before, unless another template is chosen. `live` are the active runs.
    Raises GitRefused if the run's commit is gone, InputInvalid if its data or its parameters file are.
    """
    options = options.like(found.run.runner)
    check_options(options, runners)
    choice = _choice_like(project, found.run, options, runners)
    author = code.check_committer(project)
    with _planned(project, found, live) as (plan, captured):
        if not options.allow_secrets:
            check_launch(plan, choice)
        new = Launch(plan, captured, choice, author)
        return start(project, partial(first_attempt, project, new), plan.place, options, runners, view)


def _choice_like(project: Project, run: Run, options: LaunchOptions, runners: Runners) -> RunnerChoice:
    """Return the runner and options of a run, or what the options choose instead; always the latter for local runs."""
    if options.template or options.runner != run.runner.name or runners.is_in_process(options.runner):
        return choose(project, options, len(run.groups), runners)
    return run.runner


@contextmanager
def _planned(project: Project, found: Found, live: list[Run]) -> Iterator[tuple[Plan, Captured]]:
    """Yield a plan of the run, in a checkout that is not removed meanwhile."""
    run = found.run
    keep_commits.check_present(project, run)
    kept = parameter_copies.find(found)
    copied = parameter_copies.arguments_for(project, run, kept)
    again.check_inputs(project, run, copied.instead)
    with checkouts.in_checkout(project, run.code.commit, run.datasets, copied.groups, live, copied.instead) as place:
        again.check_data(run, place)
        branch = worktree.checked_out(project.location)
        plan = Plan(
            experiment=again.experiment_of(project, run),
            command=run.command,
            datasets=run.datasets,
            requested=copied.requested,
            groups=copied.groups,
            place=place,
            parameters_file=kept,
            tags=tuple(dict.fromkeys((*run.tags, TAG))),
            description=run.description,
            rerun_of=run.id,
        )
        same = replace(run.code, branch=branch, workdir=CHECKOUT, changed_while_running=None)
        yield plan, Captured(same, run.code.commit, frozenset())
