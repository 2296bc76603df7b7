"""`qanat tag`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qanat.cli.definitions.defining import secrets_option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.output import say
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.project import open_project
from qanat.usecases.runs import annotate

if TYPE_CHECKING:
    Choice = click.Choice[str]
else:
    Choice = click.Choice  # takes no type before click 8.2


class Change(Choice):
    """What is done with tags, which is easily left out before a tag."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value. Raises UsageError with what to type for a tag in its place."""
        if value not in self.choices:
            run = shlex.quote(ctx.params.get("run") or "RUN") if ctx else "RUN"
            hint = f"to add it as a tag: qanat tag {run} add {shlex.quote(value)}"
            raise UsageError(f"{quoted(value)} is neither add nor remove", hint=hint)
        return super().convert(value, param, ctx)


@click.command(epilog="\b\nExample:\n  qanat tag 4 add paper figure-2\n  qanat tag 4 remove draft")
@click.argument("run")
@click.argument("what", type=Change(["add", "remove"]))
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
