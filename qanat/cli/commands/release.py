"""`qanat release`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.output import say
from qanat.usecases.project import open_project
from qanat.usecases.runs import cancel as cancel_run


@click.command(epilog="\b\nExample:\n  qanat release 4")
@click.argument("run")
def release(run: str) -> None:
    """Release the held jobs of a submitted RUN."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    is_free = cancel_run.release_run(project, found, session.runners())
    when = "is being released" if is_free else "is released once the runs before it have ended"
    say(f"Run {found.run.number} of {found.run.experiment} {when}")
