"""`qanat wait`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import finding
from qanat.cli.runs.waiting_view import WaitingView
from qanat.cli.terminal.output import say_json, tell
from qanat.domain import time_limits
from qanat.domain.news import variables_of
from qanat.domain.run import Run
from qanat.errors import InputInvalid, UsageError
from qanat.usecases.launch.view import Outcome
from qanat.usecases.launch.wait_several import Awaited, wait_for_several
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import attended

# The exit code of timeout(1).
EXIT_LATE = 124


@click.command(
    epilog="\b\nExample:\n  qanat wait 4\n  qanat wait 4 5 && qanat compare 4 5\n"
    "  qanat wait 4 5 --then 'qanat compare $QANAT_RUNS >table.txt'\n  qanat wait 4 5 --any --timeout 2h"
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@option("--any", "any_one", is_flag=True, help="Wait only until one of the runs has ended.")
@option("--timeout", metavar="TIME", help="Give up after this time, such as 90s, 30m or 2h.")
@option("--then", "command", metavar="COMMAND", help="Run this shell command once, at the end of the wait.")
@option("--json", "as_json", is_flag=True, help="Print the records of the runs as JSON.")
def wait(runs: tuple[str, ...], any_one: bool, timeout: str | None, command: str | None, as_json: bool) -> int:
    """Wait until runs have ended, wherever they were started, and show their progress.

    The exit code is 0 if all of them have finished, and otherwise 1, or 124 after --timeout. Ctrl-C ends the wait and
    leaves the runs active.

    --then runs its command by sh, however the runs have ended, but not after Ctrl-C or --timeout. Its variables
    QANAT_RUNS and QANAT_STATES are the numbers and states of the runs that have ended, and QANAT_STATE is the worst of
    these states. If all runs have finished, the exit code is that of the command.
    """
    timeout_s = _seconds(timeout)
    if command is not None and not command.strip():
        raise UsageError("--then is empty", hint="qanat wait 4 --then 'qanat compare 4'")
    project = open_project(Path.cwd())
    with finding(project) as find:
        chosen: list[Run] = list({run.id: run for run in (find(name).run for name in runs)}.values())
    with WaitingView() as view:
        awaited = wait_for_several(project, chosen, session.runners(), view.seen, any_one=any_one, timeout_s=timeout_s)
    code = _report(project, awaited, timeout)
    if as_json:
        say_json([found.as_mapping() for found in awaited.found])
    if command and awaited.ended and not awaited.interrupted and not awaited.is_late:
        status = _run(project, command, [outcome.run for outcome in awaited.ended])
        return code or status
    return code


def _report(project: Project, awaited: Awaited, timeout: str | None) -> int:
    """Report how runs have ended, and which are still active; return the exit code."""
    codes = [reporting.report(project, outcome, shown=False) for outcome in awaited.ended]
    if awaited.interrupted:
        codes = [reporting.report(project, Outcome(run, interrupted=awaited.interrupted)) for run in awaited.active]
    elif awaited.active:
        after = f" after {timeout}" if awaited.is_late else ""
        several = f"runs {', '.join(str(run.number) for run in awaited.active)} are"
        why = ": a retry of it is pending" if len(awaited.active) == 1 and awaited.active[0].state.ended else ""
        which = f"run {awaited.active[0].number} is" if len(awaited.active) == 1 else several
        tell(f"{which} still active{after}{why}")
    return EXIT_LATE if awaited.is_late else next((code for code in codes if code), 0)


def _run(project: Project, command: str, runs: Sequence[Run]) -> int:
    """Run a command of the user's in a shell; return its exit code."""
    variables = variables_of([run.number for run in runs], [run.state for run in runs], str(project.root))
    return attended.run(["sh", "-c", command], env=os.environ | variables)


def _seconds(timeout: str | None) -> int | None:
    try:
        return time_limits.seconds(timeout) if timeout else None
    except InputInvalid:
        raise UsageError(f"--timeout {timeout} is not a time", hint="write it as 90s, 30m, 2h or 1d12h") from None
