"""`qanat dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import (
    Content,
    commit_option,
    file_argument,
    file_option,
    json_option,
    secrets_option,
    yes_option,
)
from qanat.cli.options import Group, option
from qanat.cli.terminal import prompts
from qanat.usecases.definitions import define, listing
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat dataset new data/iris.yaml
  qanat dataset new --name iris --path data/iris --description "Fisher's iris" --tag flowers

\b
A dataset file looks like this:
  name: iris
  description: Fisher's iris
  path: data/iris
  tags: [flowers]"""


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


def _fields(command: Any) -> Any:
    for add in (
        option("--tag", "tags", multiple=True, metavar="TAG", help="Tag of the dataset; may be repeated."),
        option("--path", metavar="PATH", help="Path to the data, absolute or relative to the project root."),
        option("--description", metavar="TEXT", help="Description of the dataset."),
    ):
        command = add(command)
    return command


@dataset.command(epilog=NEW, short_help="Create a dataset.")
@file_argument
@file_option
@option("--name", metavar="NAME", help="Name of the dataset.")
@_fields
@commit_option
@secrets_option
def new(file: Path | None, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Create a dataset from FILE, from options, or by answering questions."""
    source = defining.one_file(file, from_file)
    defining.create(
        "dataset",
        source,
        defining.given(**options),
        QUESTIONS,
        ("name", "path"),
        commit=commit,
        allow_secrets=allow_secrets,
    )


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


@dataset.command(
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
    defining.change(
        "dataset", name, from_file, defining.given(**options), QUESTIONS, commit=commit, allow_secrets=allow_secrets
    )


@dataset.command(epilog="\b\nExample:\n  qanat dataset delete iris --yes")
@click.argument("name")
@yes_option
@commit_option
def delete(name: str, yes: bool, commit: bool) -> None:
    """Delete the definition of a dataset, but not its data."""
    project = open_project(Path.cwd())
    content = project.definition("dataset", name)
    users = define.users_of_dataset(project, name)
    what = f"Dataset {name} will be deleted; its data in {content['path']} will be kept."
    defining.confirm_deletion(f"{what} Experiments that read it: {', '.join(users)}." if users else what, yes=yes)
    defining.delete(project, "dataset", content, commit=commit)
