"""`qanat wait`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.runs import reporting
from qanat.cli.runs.launch_view import TerminalView
from qanat.cli.runs.looking_up import finding
from qanat.domain.run import Run
from qanat.usecases.launch.view import Outcome
from qanat.usecases.launch.wait import wait as wait_for
from qanat.usecases.project import Project, open_project


@click.command(epilog="\b\nExample:\n  qanat wait 4\n  qanat wait 4 5 && qanat compare 4 5")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
def wait(runs: tuple[str, ...]) -> int:
    """Wait until runs have ended, wherever they were started, and show their progress.

    The exit code is 0 if all of them have finished, and otherwise that of the first that has not. Ctrl-C ends the wait
    and leaves the runs active.
    """
    project = open_project(Path.cwd())
    with finding(project) as find:
        chosen: list[Run] = [find(name).run for name in dict.fromkeys(runs)]
    codes = []
    for run in chosen:
        outcome = _wait(project, run)
        codes.append(reporting.report(project, outcome, shown=False))
        if outcome.interrupted:
            break
    return next((code for code in codes if code), 0)


def _wait(project: Project, run: Run) -> Outcome:
    with TerminalView(quiet=False) as view:
        return wait_for(project, run, session.runners(), view)
