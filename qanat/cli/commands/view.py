"""`qanat view`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining
from qanat.cli.definitions.defining import Content, commit_option, file_option, json_option, secrets_option, yes_option
from qanat.cli.options import Command, Group, option, refuse_together
from qanat.cli.terminal.output import say, tell_note
from qanat.domain import views
from qanat.errors import UsageError
from qanat.usecases.definitions import define, listing
from qanat.usecases.project import open_project

NEW = """\b
Example:
  qanat view new optimisers --address '#tab=scatter&x=lr&y=metric.acc'
  qanat view new optimisers -f optimisers.yaml --commit

\b
A view file looks like this:
  name: optimisers
  description: Which optimiser wins at which learning rate
  tab: scatter
  where: [state=finished]
  x: lr
  y: metric.acc
  colour: opt"""
UPDATE = "\b\nExample:\n  qanat view update optimisers --address '#tab=table&by=settings'"
WHERE_FROM = '"Save view" in the page of qanat report or qanat ui has both'


@click.group(cls=Group, epilog="\b\nExample:\n  qanat view list\n  qanat report --view optimisers")
def view() -> None:
    """Manage saved views: what the page of runs shows, which qanat report and qanat ui open by name."""


def _saving_options(command: Any) -> Any:
    """Add the options that new and update share."""
    for add in (
        secrets_option,
        commit_option,
        file_option,
        option("--description", metavar="TEXT", help="What the view shows."),
        option("--address", metavar="ADDRESS", help="What to show: the address of the page, or what follows #."),
    ):
        command = add(command)
    return command


@view.command(cls=Command, epilog=NEW, short_help="Save a view.")
@click.argument("name")
@_saving_options
def new(
    name: str, address: str | None, description: str | None, from_file: Path | None, commit: bool, allow_secrets: bool
) -> None:
    """Save what the page of runs shows as the view NAME, from its address or from a definition in FILE."""
    refuse_together({"--address": ["--file"]})
    if address is None and from_file is None:
        raise UsageError("what the view shows is missing", hint=f"pass --address or --file; {WHERE_FROM}")
    given = defining.given(name=name, description=description)
    project = open_project(Path.cwd())
    content = define.checked(project, "view", given | _shown(address, from_file, name))
    if not allow_secrets:
        define.check_secrets("view", content)
    defining.write(project, "view", content, new=True, commit=commit)
    _tell_unnamed(content)


def _shown(address: str | None, file: Path | None, name: str) -> Content:
    """Return what a view shows, from an address or a file, whose name must be that of the view."""
    if file is None:
        return views.from_address(address or "")
    return defining.read_named("view", file, {"name": name})


@view.command("list", epilog="\b\nExample:\n  qanat view list --json")
@json_option
def list_(as_json: bool) -> None:
    """List views."""
    found = listing.listed(open_project(Path.cwd()), "view")
    none = f"no views yet; {WHERE_FROM.replace('has both', 'has the command that saves one')}"
    defining.show_list(("Name", "Description", "Tab", "Where"), found, as_json=as_json, none=none)


@view.command(epilog="\b\nExample:\n  qanat view show optimisers")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the definition of a view."""
    defining.show("view", name, as_json=as_json)


@view.command(cls=Command, epilog=UPDATE, short_help="Change a view.")
@click.argument("name")
@_saving_options
def update(
    name: str, address: str | None, description: str | None, from_file: Path | None, commit: bool, allow_secrets: bool
) -> None:
    """Change what a view shows, to what an address or a file says, or its description."""
    refuse_together({"--address": ["--file"]})
    if address is None and from_file is None and description is None:
        raise UsageError("what to change is missing", hint="pass --address, --file or --description")
    project = open_project(Path.cwd())
    before = project.definition("view", name)
    if address is None and from_file is None:
        kept = before
    else:
        about = {key: before[key] for key in views.ABOUT if key in before}
        kept = about | _shown(address, from_file, name)
    content = define.checked(project, "view", kept | defining.given(description=description))
    if content == before:
        say("nothing changed")
        return
    if not allow_secrets:
        define.check_secrets("view", content, before)
    defining.write(project, "view", content, new=False, commit=commit)
    _tell_unnamed(content)


def _tell_unnamed(content: Content) -> None:
    """Print which axes a view does not name, since what it draws then depends on the runs."""
    if left := views.unnamed(content):
        axes = " and no ".join(left)
        tell_note(f'the view names no {axes}: the page chooses by its runs; "Save view" there names every axis')


@view.command(epilog="\b\nExample:\n  qanat view delete optimisers --yes")
@click.argument("name")
@yes_option
@commit_option
def delete(name: str, yes: bool, commit: bool) -> None:
    """Delete a view; runs stay as they are."""
    project = open_project(Path.cwd())
    content = project.definition("view", name)
    defining.confirm_deletion(f"View {name} will be deleted.", yes=yes)
    defining.delete(project, "view", content, commit=commit)
