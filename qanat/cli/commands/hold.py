"""`qanat hold`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.output import plural, say
from qanat.usecases.project import open_project
from qanat.usecases.runs import cancel as cancel_run


@click.command(epilog="\b\nExample:\n  qanat hold 4")
@click.argument("run")
def hold(run: str) -> None:
    """Hold the queued jobs of a submitted RUN, until qanat release; running groups continue."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    running = cancel_run.hold_run(project, found, session.runners())
    left = f"; {plural(running, 'running group')} {'continues' if running == 1 else 'continue'}" if running else ""
    say(f"Run {found.run.number} of {found.run.experiment} is being held{left}")
