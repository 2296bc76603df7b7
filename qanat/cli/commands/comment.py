"""`qanat comment`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from qanat.cli.definitions.defining import secrets_option
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import editor, prompts
from qanat.cli.terminal.output import say
from qanat.domain.secret_checks import check_text
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import annotate
from qanat.usecases.tracking.find import read_comment


@click.command(epilog='\b\nExample:\n  qanat comment 4\n  qanat comment 4 -m "The one for figure 2"')
@click.argument("run")
@option("-m", "--message", metavar="TEXT", help="Use TEXT as the comment; an empty one removes it.")
@secrets_option
def comment(run: str, message: str | None, allow_secrets: bool) -> None:
    """Comment on RUN in your editor, in Markdown.

    The comment is stored next to the record, in git.
    """
    project = open_project(Path.cwd())
    found = find_one(project, run)
    before = read_comment(project, found.run)
    text = message if message is not None else _edited(project, before)
    if text.rstrip() == before.rstrip():
        say("nothing changed")
        return
    allowed = allow_secrets or (message is None and _confirmed(text))
    note = annotate.set_comment(project, found.run, text, allow_secrets=allowed)
    reporting.tell_notes([note] if note else [])
    say(f"{'Saved' if text.strip() else 'Removed'} the comment on run {found.run.number}")


def _confirmed(text: str) -> bool:
    """Return whether a comment from an editor, which would be lost, may contain what looks like a secret."""
    try:
        check_text("the comment", text)
    except UsageError as refusal:
        return prompts.confirm(f"{refusal.message}. Save it anyway?", option="--allow-secrets")
    return True


def _edited(project: Project, before: str) -> str:
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        draft = Path(folder) / "comment.md"
        draft.write_text(before)
        editor.edit(editor.editor_for(project), draft, instead="use -m TEXT")
        return draft.read_text(errors="replace")
