"""`qanat document new|list|show|update|delete`."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import Content, commit_option, file_option, json_option, secrets_option, yes_option
from qanat.cli.options import Command, option
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import tell
from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.errors import UsageError
from qanat.usecases.definitions import listing
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat document new iris_paper.yaml
  qanat document new --name iris_paper --path papers/iris --compile "latexmk -pdf paper.tex" --output paper.pdf
  qanat document add-dependency iris_paper summary_iris -f papers/iris/params.yaml --file means.pdf

\b
A document file looks like this:
  name: iris_paper
  description: The paper on the iris data
  path: papers/iris
  compile: [latexmk, -pdf, paper.tex]
  output: paper.pdf
  dependencies:
  - experiment: summary_iris
    parameters: papers/iris/params.yaml
    action: plot
    files: [means.pdf]"""


def _path(project: Project, content: Content) -> str:
    return prompts.path(
        "Folder of the document:", option="--path", default=content.get("path", ""), check=questions.there(project)
    )


def _compile(_project: Project, content: Content) -> list[str]:
    before = shlex.join(content.get("compile", ()))
    question = "Command that builds it, in that folder (empty for none):"
    return _arguments("--compile", prompts.text(question, option="--compile", default=before, check=_splitting))


def _splitting(answer: str) -> str:
    try:
        split(answer)
    except ValueError as error:
        return str(error).lower()
    return ""


QUESTIONS = {
    "name": questions.new_name("document"),
    "description": questions.line("description", "Description"),
    "path": _path,
    "compile": _compile,
    "output": questions.line("output", "Built file, relative to that folder"),
    "tags": questions.tags,
}

field = partial(option, group="Definition of the document")


def _fields(command: Any) -> Any:
    for add in (
        field("--tag", "tags", multiple=True, metavar="TAG", help="Tag of the document; may be repeated."),
        field("--exports", metavar="DIR", help="Folder for files of runs; by default exports in that of the document."),
        field(
            "--text",
            "texts",
            multiple=True,
            metavar="PATTERN",
            help="Files with references to runs, such as 'sections/*.tex'; may be repeated.",
        ),
        field("--output", metavar="FILE", help="The built file, relative to the folder of the document."),
        field("--view", metavar="COMMAND", help="Command that shows the built document, in its folder."),
        field("--compile", metavar="COMMAND", help="Command that builds the document, in its folder."),
        field("--path", metavar="DIR", help="Folder of the document, from the root of the project."),
        field("--description", metavar="TEXT", help="Description of the document."),
    ):
        command = add(command)
    return command


def _given(**options: Any) -> Content:
    given = defining.given(**options)
    return given | {key: _arguments(f"--{key}", given[key]) for key in ("compile", "view") if key in given}


def _arguments(flag: str, text: str) -> list[str]:
    try:
        return split(text)
    except ValueError as error:
        raise UsageError(f"{flag} {quoted(text)}: {str(error).lower()}", hint="close the quote or escape it") from None


@click.command(cls=Command, epilog=NEW)
@defining.file_argument
@file_option
@field("--name", metavar="NAME", help="Name of the document.")
@_fields
@commit_option
@secrets_option
def new(file: Path | None, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Create a document from a definition in FILE, from options, or by answering questions.

    What it needs of experiments is in FILE, or added with qanat document add-dependency.
    """
    source, given = defining.one_file(file, from_file), _given(**options)
    defining.create("document", source, given, QUESTIONS, ("name", "path"), commit=commit, allow_secrets=allow_secrets)
    if source is None:
        name = given.get("name", "NAME")
        tell(f"  hint: add what it needs with: qanat document add-dependency {name} EXPERIMENT --file PATTERN")


@click.command("list", epilog="\b\nExample:\n  qanat document list --json")
@json_option
def list_(as_json: bool) -> None:
    """List documents."""
    found = listing.listed(open_project(Path.cwd()), "document")
    headers = ("Name", "Description", "Path", "Output", "Tags")
    defining.show_list(headers, found, as_json=as_json, none="no documents yet; create one with: qanat document new")


@click.command(epilog="\b\nExample:\n  qanat document show iris_paper")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the definition of a document."""
    defining.show("document", name, as_json=as_json)


@click.command(
    cls=Command,
    epilog='\b\nExample:\n  qanat document update iris_paper --compile "bash build.sh"\n'
    "  qanat document update iris_paper -f iris_paper.yaml",
)
@click.argument("name")
@file_option
@_fields
@commit_option
@secrets_option
def update(name: str, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Change a document with options, from a file, or by answering questions.

    Options replace what was there: --tag replaces all tags. An empty --compile, --view or --output removes it.
    """
    given = defining.given(**options)
    given |= {key: _arguments(f"--{key}", given[key]) or None for key in ("compile", "view") if key in given}
    given |= {key: given[key] or None for key in ("output", "exports") if key in given}
    defining.change("document", name, from_file, given, QUESTIONS, commit=commit, allow_secrets=allow_secrets)


@click.command(epilog="\b\nExample:\n  qanat document delete iris_paper --yes")
@click.argument("name")
@yes_option
@commit_option
def delete(name: str, yes: bool, commit: bool) -> None:
    """Delete the definition of a document; its texts, its exported files and its runs stay as they are."""
    project = open_project(Path.cwd())
    content = project.definition("document", name)
    what = f"Document {name} will be deleted; the files in {content['path']} will be kept."
    defining.confirm_deletion(what, yes=yes)
    defining.delete(project, "document", content, commit=commit)
