"""`qanat tag`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.definitions.defining import secrets_option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.output import say
from qanat.usecases.project import open_project
from qanat.usecases.runs import annotate


@click.command(epilog="\b\nExample:\n  qanat tag 4 add paper figure-2\n  qanat tag 4 remove draft")
@click.argument("run")
@click.argument("what", type=click.Choice(["add", "remove"]))
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@secrets_option
def tag(run: str, what: str, tags: tuple[str, ...], allow_secrets: bool) -> None:
    """Add tags to RUN, or remove them."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    add, remove = (tags, ()) if what == "add" else ((), tags)
    changed, notes = annotate.set_tags(project, found, add, remove, allow_secrets=allow_secrets)
    reporting.tell_notes(notes)
    say(f"Tags of run {changed.number}: {', '.join(changed.tags) or 'none'}")
