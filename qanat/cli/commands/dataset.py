"""`qanat dataset`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import (
    Content,
    commit_option,
    file_option,
    json_option,
    secrets_option,
    yes_option,
)
from qanat.cli.options import Command, Group, option
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import brief, say, say_json, tell, tell_note
from qanat.domain.data import COMMAND, TRACKING
from qanat.domain.shortening import QUOTED_MAX, shortened
from qanat.errors import UsageError
from qanat.usecases.data import status as data_status
from qanat.usecases.data.bounds import ASKED, UNASKED
from qanat.usecases.definitions import define, from_data, listing
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat dataset new data/iris.yaml
  qanat dataset new data/points --commit
  qanat dataset new --name iris --path data/iris --description "Fisher's iris" --tag flowers

\b
A dataset file looks like this:
  name: iris
  description: Fisher's iris
  path: data/iris
  tags: [flowers]"""
STATUS = "\b\nExample:\n  qanat dataset status\n  qanat dataset status iris --json\n  qanat dataset status iris --full"


def _path(project: Project, content: Content) -> str:
    return prompts.path(
        "Path to the data:", option="--path", default=content.get("path", ""), check=questions.there(project)
    )


QUESTIONS = {
    "name": questions.new_name("dataset"),
    "description": questions.line("description", "Description"),
    "path": _path,
    "tags": questions.tags,
}


@click.group(cls=Group, epilog="\b\nExample:\n  qanat dataset new data/iris.yaml\n  qanat dataset list")
def dataset() -> None:
    """Manage datasets: named paths to data, which programs receive as --dataset_path."""


field = partial(option, group="Definition of the dataset")


def _fields(command: Any) -> Any:
    for add in (
        field("--tag", "tags", multiple=True, metavar="TAG", help="Tag of the dataset; may be repeated."),
        field(
            "--check/--no-check",
            default=None,
            help="Whether the data must be on this machine; with --no-check, they may be on a cluster's only.",
        ),
        field("--command", metavar="COMMAND", help="With --track command, the program that prints the version."),
        field("--track", type=click.Choice(TRACKING), help="How runs record what the data are; by default stat."),
        field(
            "--transfer",
            metavar="HOW",
            help="How jobs get the data that do not see the project: file (by default), present, or a URL.",
        ),
        field("--path", metavar="PATH", help="Path to the data, absolute or from the project root, or a URL."),
        field("--description", metavar="TEXT", help="Description of the dataset."),
    ):
        command = add(command)
    return command


def _given(**options: Any) -> Content:
    """Return the options that were used; a command is a way to track the data."""
    if options["command"] and options["track"] is None:
        options["track"] = COMMAND
    return defining.given(**options)


@dataset.command(cls=Command, epilog=NEW, short_help="Create a dataset.")
@click.argument("file", required=False, metavar="[DATA | FILE]", type=click.Path(path_type=Path))
@file_option
@field("--name", metavar="NAME", help="Name of the dataset.")
@_fields
@commit_option
@secrets_option
def new(file: Path | None, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Create a dataset from DATA, from a definition in FILE, from options, or by answering questions.

    DATA are a folder or a file; the last part of their path becomes the name. A file with the suffix of YAML or JSON is
    a definition; if it holds data, use --name and --path.
    """
    source, given = defining.one_file(file, from_file), _given(**options)
    is_data = file is not None and _is_data(file)
    if file is not None and is_data:
        if "path" in given:
            raise UsageError(f"--path cannot be used with {file}", hint="name the data once")
        source, given = None, from_data.proposed(open_project(Path.cwd()), file) | given
    defining.create(
        "dataset",
        source,
        given,
        QUESTIONS,
        ("name", "path"),
        commit=commit,
        allow_secrets=allow_secrets,
    )
    if is_data:
        use = f"qanat experiment update NAME --dataset {given['name']}"
        tell(f"  hint: let an experiment read it with: {use}; its program gets the path as --dataset_path")


def _is_data(file: Path) -> bool:
    """Return whether what was passed are data rather than a definition."""
    # Path.is_dir raises for a name that is too long.
    return os.path.isdir(file) or (os.path.isfile(file) and file.suffix.lower() not in defining.SUFFIXES)  # noqa: PTH112, PTH113


@dataset.command("list", epilog="\b\nExample:\n  qanat dataset list --json")
@json_option
def list_(as_json: bool) -> None:
    """List datasets."""
    found = listing.listed(open_project(Path.cwd()), "dataset")
    headers = ("Name", "Description", "Path", "Tags")
    defining.show_list(headers, found, as_json=as_json, none="no datasets yet; create one with: qanat dataset new")


@dataset.command(epilog="\b\nExample:\n  qanat dataset show iris")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the definition of a dataset."""
    defining.show("dataset", name, as_json=as_json)


@dataset.command(epilog=STATUS, short_help="Show what datasets are, and since which runs they have changed.")
@click.argument("name", required=False)
@option("--full", is_flag=True, help="Look at data outside of the project, however many there are.")
@json_option
def status(name: str | None, full: bool, as_json: bool) -> None:
    """Show what dataset NAME is, or all are, and since which runs of each experiment it has changed.

    The command of a dataset with --track command is not run. Very many data outside of the project are left out without
    --full, since the path of a dataset may be somebody else's.
    """
    project = open_project(Path.cwd())
    if name:
        datasets = [project.dataset(name)]
    else:
        datasets, broken = listing.each(project.names("dataset"), project.dataset)
        for note in broken[: defining.NOTES_SHOWN]:
            tell_note(note)
    found = data_status.status_of(project, datasets, None if full else ASKED if name else UNASKED)
    if as_json:
        say_json([_as_mapping(one) for one in found])
        return
    if not found:
        say("no datasets yet; create one with: qanat dataset new")
    for one in found:
        say("\n".join(map(brief, _status_lines(one))))


def _status_lines(found: data_status.DatasetStatus) -> Iterator[str]:
    state, path = found.state, shortened(found.dataset.path, QUOTED_MAX)
    yield f"{found.dataset.name} ({path}): {found.unknown or (state.described if state else '')}"
    for run in found.last_same:
        yield f"  as for run {run.number} of {run.experiment}"
    for run in found.last_other:
        yield f"  changed since run {run.number} of {run.experiment}: {run.difference}"
    if state is None or state.problem:
        for run in found.runs[:1]:
            yield f"  for run {run.number} of {run.experiment}: {run.state.described}"


def _as_mapping(found: data_status.DatasetStatus) -> Content:
    runs = [
        {
            "id": run.run,
            "experiment": run.experiment,
            "data": run.state.as_mapping(),
            "same": None if run.difference is None else not run.difference,
            "difference": run.difference or None,
        }
        for run in found.runs
    ]
    return {
        "name": found.dataset.name,
        "path": found.dataset.path,
        "data": found.state.as_mapping() if found.state else None,
        "unknown": found.unknown or None,
        "runs": runs,
    }


@dataset.command(
    cls=Command,
    epilog="\b\nExample:\n  qanat dataset update iris --path /shared/iris\n  qanat dataset update iris",
    short_help="Change a dataset.",
)
@click.argument("name")
@file_option
@_fields
@commit_option
@secrets_option
def update(name: str, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Change a dataset with options, from a file, or by answering questions.

    Options replace what was there: --tag replaces all tags.
    """
    content = _given(**options)
    other = content.get("track", COMMAND) != COMMAND
    defining.change(
        "dataset",
        name,
        from_file,
        content,
        QUESTIONS,
        commit=commit,
        allow_secrets=allow_secrets,
        dropped=("command",) if other and "command" not in content else (),
    )


@dataset.command(epilog="\b\nExample:\n  qanat dataset delete iris --yes")
@click.argument("name")
@yes_option
@commit_option
def delete(name: str, yes: bool, commit: bool) -> None:
    """Delete the definition of a dataset, but not its data.

    A dataset that an experiment reads cannot be deleted.
    """
    project = open_project(Path.cwd())
    content = project.definition("dataset", name)
    define.check_unused(project, name)
    what = f"Dataset {name} will be deleted; its data in {content['path']} will be kept."
    defining.confirm_deletion(what, yes=yes)
    defining.delete(project, "dataset", content, commit=commit)
