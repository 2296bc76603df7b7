"""Starting runs, whichever way: here, or by submitting them and perhaps waiting for their end.

What only some ways need is imported there: a plain local run is to start at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from qanat.cli.runs import reporting
from qanat.cli.runs.run_view import LineView, WaitView, view_for
from qanat.cli.terminal.output import tell
from qanat.domain.run import Run, RunnerChoice
from qanat.errors import UsageError
from qanat.runners import registry
from qanat.usecases.launch import code, start
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.follow import Outcome
from qanat.usecases.launch.plan import Plan
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.tracking.find import Found

POLL_S = 1.0
POLL_MAX_S = 10.0


@dataclass(frozen=True, slots=True)
class How:
    """How a run is to be started: where, with which template, and what to do until it ends."""

    runner: str
    template: str | None = None
    n_threads: int = 1
    fail_fast: bool = False
    wait: bool = False
    cancel_on_interrupt: bool = False
    max_running: int | None = None

    @property
    def submits(self) -> bool:
        """Whether the runner takes jobs and lets qanat go."""
        return not registry.RUNNERS.is_attached(self.runner)


def options_for(command: Any) -> Any:
    """Add the options of How to a command."""
    for option in (
        click.option(
            "--cancel_on_interrupt", "--cancel-on-interrupt", is_flag=True, help="With --wait: Ctrl-C cancels."
        ),
        click.option(
            "--max_running",
            "--max-running",
            type=click.IntRange(1),
            metavar="N",
            help="Of a submitted run, let at most N groups run at the same time.",
        ),
        click.option("--wait", is_flag=True, help="Wait for the end of a submitted run; the exit code is the run's."),
        click.option("--fail_fast", "--fail-fast", is_flag=True, help="Start no more groups once one has failed."),
        click.option(
            "--n_threads",
            "--n-threads",
            "-j",
            type=click.IntRange(1),
            metavar="N",
            help="Groups to run at the same time, here; 1, or as many as the run had that is run again.",
        ),
        click.option(
            "--submit_template",
            "--submit-template",
            metavar="TEMPLATE",
            help="Options for the scheduler: a file, or the name of a template; 'default' otherwise.",
        ),
    ):
        command = option(command)
    return command


def how(options: dict[str, Any], runner: str, earlier: RunnerChoice | None = None) -> How:
    """Read How out of a command's options; `earlier` is how the run was started that is to be run again.

    Raises UsageError for options that do not fit the runner.
    """
    before = earlier.options.get("n_threads") if earlier and earlier.name == runner else None
    chosen = How(
        runner,
        options["submit_template"],
        options["n_threads"] or (before if isinstance(before, int) else 1),
        options["fail_fast"],
        options["wait"],
        options["cancel_on_interrupt"],
        options["max_running"],
    )
    if not chosen.submits and chosen.template:
        raise UsageError(
            f"--submit_template is for a scheduler, and the runner is {runner}", hint="add --runner htcondor"
        )
    if chosen.submits and chosen.fail_fast:
        raise UsageError(f"--fail_fast is for local runs, and the runner is {runner}", hint="leave it out")
    return chosen


def choice_for(project: Project, chosen: How, groups: int) -> RunnerChoice:
    """Give what the record says of the runner. Raises NotFound or UsageError for a template that cannot be used."""
    if not chosen.submits:
        runner = registry.RUNNERS.attached(chosen.runner, chosen.n_threads)
        runner.check()
        return RunnerChoice(chosen.runner, None, {"n_threads": chosen.n_threads} if groups > 1 else {})
    from qanat.usecases.launch import templates

    runner_to = registry.RUNNERS.submitting(chosen.runner)
    template = templates.find_template(project, chosen.runner, chosen.template)
    if found := runner_to.key_problems(template.options):
        raise UsageError(f"template {template.name}: {found[0]}", hint=f"qanat template show {template.name} --check")
    return RunnerChoice(chosen.runner, template.name, dict(template.options))


def launch(
    project: Project, plan: Plan, captured: Captured, choice: RunnerChoice, chosen: How, *, quiet: bool = False
) -> tuple[int, Run]:
    """Start a run; give the exit code, and the run as it is then. With quiet, stdout is left to the caller."""
    author = code.check_committer(project)
    if not chosen.submits:
        runner = registry.RUNNERS.attached(chosen.runner, chosen.n_threads)
        with LineView() if quiet else view_for(len(plan.groups)) as view:
            outcome = start.start_run(project, plan, captured, author, choice, runner, view, fail_fast=chosen.fail_fast)
        return reporting.report(project, outcome), outcome.run
    submit_to = registry.RUNNERS.submitting(chosen.runner)
    outcome = start.start_submitted(project, plan, captured, author, choice, submit_to, max_running=chosen.max_running)
    return _submitted(project, outcome, chosen)


def launch_again(
    project: Project, found: Found, numbers: list[int], live: list[Run], chosen: How, changes: dict[str, str]
) -> int:
    """Run groups of a run again, with some options of its template set anew; give the exit code."""
    from qanat.usecases.launch import rerun

    code.check_committer(project)
    if changes and not chosen.submits:
        raise UsageError(f"--set is for a scheduler's options, and the runner is {chosen.runner}", hint="leave it out")
    if not chosen.submits:
        runner = registry.RUNNERS.attached(chosen.runner, chosen.n_threads)
        runner.check()
        with view_for(len(found.run.groups)) as view:
            outcome = rerun.retry(project, found, numbers, runner, view, live, fail_fast=chosen.fail_fast)
        return reporting.report(project, outcome)
    choice = choice_for(project, chosen, len(numbers)) if chosen.template else found.run.runner
    submit_to = registry.RUNNERS.submitting(chosen.runner)
    choice = replace(choice, options=submit_to.changed(choice.options, changes))
    if problems := submit_to.key_problems(choice.options):
        raise UsageError(problems[0], hint="see which options the run has: qanat show RUN --json")
    outcome = rerun.retry_submitted(project, found, numbers, submit_to, live, choice, changes)
    return _submitted(project, outcome, chosen)[0]


def _submitted(project: Project, outcome: Outcome, chosen: How) -> tuple[int, Run]:
    reporting.report_submitted(outcome)
    if not chosen.wait:
        return 0, outcome.run
    return _wait(project, outcome.run, chosen)


def _wait(project: Project, run: Run, chosen: How) -> tuple[int, Run]:
    """Show how far a submitted run is until it has ended."""
    interrupted: int | None = None
    with WaitView(len(run.groups)) as view:
        try:
            run = _until_ended(project, run, view)
        except KeyboardInterrupt:
            if not chosen.cancel_on_interrupt:
                tell(f"run {run.number} goes on without you; qanat status shows it, qanat cancel {run.number} ends it")
                return 130, run
            from qanat.usecases.runs import cancel

            interrupted = 2
            found = _look(project, run)
            cancel.cancel_run(project, found, registry.RUNNERS)
            run = _until_ended(project, run, view)
    return reporting.report(project, Outcome(run, (), interrupted)), run


def _until_ended(project: Project, run: Run, view: WaitView) -> Run:
    """Look again and again, less often as time goes by: the scheduler has others to answer."""
    pause_s = POLL_S
    while True:
        run = _look(project, run).run
        view.show(run)
        if run.state.ended:
            return run
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.2, POLL_MAX_S)


def _look(project: Project, run: Run) -> Found:
    from qanat.usecases.tracking.find import find_run
    from qanat.usecases.tracking.refresh import refreshed

    with refreshed(project, registry.RUNNERS) as (index, result):
        reporting.tell_notes(result.notes)
        return find_run(project, index, result, run.id)
