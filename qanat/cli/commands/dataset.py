"""`qanat dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import Content, commit_option, file_argument, file_option, json_option, yes_option
from qanat.cli.terminal import prompts
from qanat.usecases.definitions import define
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat dataset new data/iris.yaml
  qanat dataset new --name iris --path data/iris --description "Fisher's iris" --tag flowers

\b
A file looks like this:
  name: iris
  description: Fisher's iris
  path: data/iris
  tags: [flowers]"""


def _path(project: Project, content: Content) -> str:
    return prompts.path(
        "Path of the data:", option="--path", default=content.get("path", ""), check=questions.there(project)
    )


QUESTIONS = {
    "name": questions.new_name("dataset"),
    "description": questions.line("description", "Description:"),
    "path": _path,
    "tags": questions.tags,
}


@click.group(epilog="\b\nExample:\n  qanat dataset new data/iris.yaml\n  qanat dataset list")
def dataset() -> None:
    """Datasets: named paths to data, handed to programs as --dataset_path."""


def _fields(command: Any) -> Any:
    for option in (
        click.option("--tag", "tags", multiple=True, help="A tag; may be repeated."),
        click.option("--path", help="Path of the data, from the project's root or absolute."),
        click.option("--description", help="What it is."),
    ):
        command = option(command)
    return command


@dataset.command(epilog=NEW)
@file_argument
@file_option
@click.option("--name", help="Name of the dataset.")
@_fields
@commit_option
def new(file: Path | None, from_file: Path | None, commit: bool, **options: Any) -> None:
    """Define a dataset: from FILE, from options, or by answering questions."""
    source = defining.one_file(file, from_file)
    defining.create("dataset", source, defining.given(**options), QUESTIONS, ("name", "path"), commit=commit)


@dataset.command("list", epilog="\b\nExample:\n  qanat dataset list --json")
@json_option
def list_(as_json: bool) -> None:
    """List the datasets."""
    project = open_project(Path.cwd())
    contents = [project.definition("dataset", name) for name in project.names("dataset")]
    headers = ("Name", "Description", "Path", "Tags")
    defining.show_list(headers, contents, as_json=as_json, none="no dataset yet; make one: qanat dataset new")


@dataset.command(epilog="\b\nExample:\n  qanat dataset show iris")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a dataset."""
    defining.show("dataset", name, as_json=as_json)


@dataset.command(epilog="\b\nExample:\n  qanat dataset update iris --path /shared/iris\n  qanat dataset update iris")
@click.argument("name")
@file_option
@_fields
@commit_option
def update(name: str, from_file: Path | None, commit: bool, **options: Any) -> None:
    """Change a dataset: by options, by a file, or by answering questions.

    Tags that are given take the place of all that were there.
    """
    defining.change("dataset", name, from_file, defining.given(**options), QUESTIONS, commit=commit)


@dataset.command(epilog="\b\nExample:\n  qanat dataset delete iris --yes")
@click.argument("name")
@yes_option
@commit_option
def delete(name: str, yes: bool, commit: bool) -> None:
    """Delete a dataset's definition; the data stay."""
    project = open_project(Path.cwd())
    content = project.definition("dataset", name)
    users = define.users_of_dataset(project, name)
    what = f"Dataset {name} goes; its data in {content['path']} stay."
    defining.confirm_deletion(f"{what} Read by: {', '.join(users)}." if users else what, yes=yes)
    path = define.path_for(project, "dataset", content)
    define.delete(project, path)
    if commit:
        defining.committed(project, path, f"qanat: dataset {name} deleted")
