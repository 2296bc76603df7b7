"""`qanat init`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.definitions import starting
from qanat.cli.options import Command, option, used_options
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import say, tell
from qanat.domain.shortening import quoted
from qanat.usecases.definitions import settings
from qanat.usecases.definitions.init import Initialised, init_project, plan_init, with_start

_START = "Starting point"
_LISTED_MAX = 50
_EPILOG = """\b
Example:
  qanat init
  qanat init my-project --yes
  qanat init my-project --template python
  qanat init my-project --from https://git.example.org/lab/start.git --answer name=storms"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@option("-y", "--yes", is_flag=True, help="Do not ask: confirm, and take the defaults.")
@option("--editor", metavar="COMMAND", help="Editor for comments and settings; may include arguments.")
@option("--result-dir", default="results", show_default=True, metavar="DIR", help="Directory for results.")
@option(
    "--template",
    "starting_point",
    group=_START,
    metavar="NAME",
    help="Start with the files of this starting point; with --from, a folder there.",
)
@option("--list-templates", group=_START, is_flag=True, help="List the built-in starting points.")
@option("--json", "as_json", group=_START, is_flag=True, help="Print that list as JSON.")
@option(
    "--from",
    "source",
    group=_START,
    metavar="SOURCE",
    type=click.Path(file_okay=False),
    help="Git repository or folder with a starting point.",
)
@option("--ref", group=_START, metavar="REV", help="Branch, tag or commit of that repository.")
@option(
    "--answer",
    "--data",
    "answers",
    group=_START,
    multiple=True,
    metavar="KEY=VALUE",
    help="Answer a question that it asks; may be repeated.",
)
@option("--trust", group=_START, is_flag=True, help="Let its tasks and extensions run programs.")
@option("--keep", group=_START, is_flag=True, help="Keep existing files, and add only those that are missing.")
def init(
    folder: Path,
    yes: bool,
    editor: str | None,
    result_dir: str,
    starting_point: str | None,
    list_templates: bool,
    as_json: bool,
    source: str | None,
    ref: str | None,
    answers: tuple[str, ...],
    trust: bool,
    keep: bool,
) -> None:
    """Create a qanat project in DIR, or in the current directory.

    This creates a git repository if there is none, writes settings, templates and ignore rules, and commits them. With
    a starting point, there is also something to run: an experiment with data, parameters and an action.
    """
    starting.check_options(starting_point, source)
    if list_templates:
        starting.print_list(as_json=as_json)
        return
    default = editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or settings.FALLBACK
    plan = plan_init(folder, default, result_dir)
    if not yes:
        what = "a git repository and a qanat project" if plan.new_repository else "a qanat project"
        if not prompts.confirm(f"Create {what} in {plan.folder}?", option="--yes", default=True):
            raise click.Abort
        if editor is None:
            plan = replace(plan, editor=prompts.text("Editor:", option="--editor", default=default, check=_not_empty))
    templates = session.runners().default_templates()
    kept: Sequence[str] = ()
    start = starting.read(starting_point, source, ref, answers, project=plan.folder, defaults=yes, trust=trust)
    if start is not None:
        own_place = "--result-dir" in used_options()
        plan, kept = with_start(plan, start, templates, keep=keep, own_place=own_place)
    done = init_project(plan, templates)
    _report(done, kept)
    if plan.editor != settings.FALLBACK and not settings.is_installed(plan.editor):
        tell(
            f"note: cannot start the editor {quoted(plan.editor)}; set $EDITOR, or default_editor in .qanat/config.yaml"
        )
    if start is None:
        say("Next: qanat experiment new FILE (a program, or a definition), then qanat run NAME")
    else:
        way = "" if done.root == Path.cwd() else f"cd {shlex.quote(str(folder))}"
        starting.tell_next(start, kept, way, is_own=source is None)


def _report(done: Initialised, kept: Sequence[str]) -> None:
    say(f"Created project in {done.root}" + (" and committed:" if done.committed else ":"))
    say("".join(f"  {file}\n" for file in done.files[:_LISTED_MAX]).rstrip("\n"))
    if len(done.files) > _LISTED_MAX:
        say(f"  … and {len(done.files) - _LISTED_MAX} more")
    if kept:
        tell(f"note: kept as they are: {', '.join(kept)}")
    if done.note:
        tell(f"note: {done.note}")


def _not_empty(answer: str) -> str:
    return "" if answer else "enter a command, or press Esc to leave"
