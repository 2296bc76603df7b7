"""`qanat commit`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.terminal.output import say, say_json
from qanat.domain.secret_checks import check_text
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import open_project
from qanat.usecases.tracking import uncommitted
from qanat.usecases.tracking.committing import Outcome


@click.command(epilog='\b\nExample:\n  qanat commit\n  qanat commit -m "Runs for figure 2"')
@option("-m", "--message", metavar="TEXT", help="Use TEXT as the message of the commit.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def commit(message: str | None, as_json: bool) -> int:
    """Commit the records and comments of runs that are not committed yet, and nothing else.

    This is for projects with the setting `records: {commit: batch}` or `{commit: manual}`. What you have staged stays
    staged, and no hooks run. Records go to the branch from which their run was launched.
    """
    if message is not None:
        if not message.strip():
            raise UsageError("--message is empty", hint="describe the runs, or omit it")
        check_text("--message", message)
    project = open_project(Path.cwd())
    with refreshed(project, session.runners()) as (_, result):
        notes = result.notes
    outcome = uncommitted.commit(project, message or "")
    reporting.tell_notes([*notes, *outcome.notes])
    if as_json:
        say_json(_as_mapping(outcome))
    else:
        for made in outcome.made:
            say(f"Committed {made.described}")
        if not outcome.made and not outcome.notes:
            say("nothing to commit: all records of ended runs in the working tree are committed")
    return EXIT_FAILED if outcome.notes else 0


def _as_mapping(outcome: Outcome) -> dict[str, object]:
    return {
        "commits": [
            {"branch": made.branch, "commit": made.commit, "runs": [run.id for run in made.runs]}
            for made in outcome.made
        ],
        "left": outcome.notes,
    }
