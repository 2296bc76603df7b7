"""`qanat init`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import say, tell
from qanat.domain.shortening import quoted
from qanat.usecases.definitions import settings
from qanat.usecases.definitions.init import init_project, plan_init


@click.command(epilog="\b\nExample:\n  qanat init\n  qanat init my-project --yes")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@option("--editor", metavar="COMMAND", help="Editor for comments and settings; may include arguments.")
@option("--result-dir", default="results", show_default=True, metavar="DIR", help="Directory for results.")
def init(folder: Path, yes: bool, editor: str | None, result_dir: str) -> None:
    """Create a qanat project in DIR, or in the current directory.

    This creates a git repository if there is none, writes settings, templates and ignore rules, and commits them.
    """
    default = editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or settings.FALLBACK
    plan = plan_init(folder, default, result_dir)
    if not yes:
        what = "a git repository and a qanat project" if plan.new_repository else "a qanat project"
        if not prompts.confirm(f"Create {what} in {plan.folder}?", option="--yes", default=True):
            raise click.Abort
        if editor is None:
            plan = replace(plan, editor=prompts.text("Editor:", option="--editor", default=default, check=_not_empty))
    done = init_project(plan, session.runners().default_templates())
    say(f"Created project in {done.root}" + (" and committed:" if done.committed else ":"))
    say("".join(f"  {file}\n" for file in done.files).rstrip("\n"))
    if done.note:
        tell(f"note: {done.note}")
    if plan.editor != settings.FALLBACK and not settings.is_installed(plan.editor):
        tell(
            f"note: cannot start the editor {quoted(plan.editor)}; set $EDITOR, or default_editor in .qanat/config.yaml"
        )
    say("Next: qanat experiment new FILE (a program, or a definition), then qanat run NAME")


def _not_empty(answer: str) -> str:
    return "" if answer else "enter a command, or press Esc to leave"
