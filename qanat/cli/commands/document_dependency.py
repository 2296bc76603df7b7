"""`qanat document add-dependency|delete-dependency`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from qanat.cli.commands.action import arguments_from
from qanat.cli.definitions import defining
from qanat.cli.definitions.defining import Content, commit_option, secrets_option
from qanat.cli.options import CODE, PARAMETERS, WHERE, Command, option
from qanat.cli.terminal.output import say
from qanat.domain import document as documents
from qanat.domain.document import LOCAL
from qanat.errors import UsageError
from qanat.usecases.definitions import define
from qanat.usecases.project import Project, open_project

FILES = "Files"


@click.command(
    cls=Command,
    epilog="\b\nExample:\n  qanat document add-dependency iris_paper summary_iris -f params.yaml --file means.pdf\n"
    "  qanat document add-dependency iris_paper train --name figure_2 --runner slurm --action plot --file '*.pdf'",
)
@click.argument("name")
@click.argument("experiment")
@option("--name", "own_name", metavar="NAME", help="Name of the dependency; by default that of the experiment.")
@option(
    "-f",
    "--param-file",
    group=PARAMETERS,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Groups and ranges, as for qanat run; by default the program without arguments.",
)
@option("--runner", group=WHERE, metavar="RUNNER", help="Runner for what has to be run; by default local.")
@option("--submit-template", group=WHERE, metavar="NAME", help="Template of options for that runner.")
@option("--container", group=WHERE, metavar="IMAGE", help="Image to run in, in place of that of the experiment.")
@option("--n-threads", group=WHERE, type=click.IntRange(1), metavar="N", help="Run this many groups at once.")
@option("--commit-sha", group=CODE, metavar="REV", help="Run the code of this revision; by default as it is now.")
@option(
    "--action",
    "action_name",
    group=FILES,
    metavar="ACTION",
    help="Action to run on the results before files are copied.",
)
@option("--action-arguments", group=FILES, metavar="ARGS", help="Arguments for the action, such as '--format pdf'.")
@option("--file", "files", group=FILES, multiple=True, metavar="PATTERN", help="Files to copy; may be repeated.")
@option("--whole", group=FILES, is_flag=True, help="Action and files are about a whole run, not about each group.")
@commit_option
@secrets_option
def add(name: str, experiment: str, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Add groups of EXPERIMENT, and files of them, to what document NAME needs."""
    project = open_project(Path.cwd())
    parts = _parts(project, experiment, options)
    content = project.definition("document", name)
    known = [documents.name_of(one) for one in content.get("dependencies", ())]
    if (own := documents.name_of(parts)) in known:
        hint = "name the new one with --name, or edit the file of the document"
        raise UsageError(f"document {name} already has a dependency {own}", hint=hint)
    _save(
        project, content | {"dependencies": [*content.get("dependencies", ()), parts]}, content, commit, allow_secrets
    )


def _parts(project: Project, experiment: str, options: dict[str, Any]) -> Content:
    arguments = arguments_from(options["action_arguments"] or "")
    given = {
        "name": options["own_name"],
        "experiment": experiment,
        "parameters": _from_root(project, options["param_file"]) if options["param_file"] else None,
        "runner": options["runner"] if options["runner"] != LOCAL else None,
        "template": options["submit_template"],
        "container": options["container"],
        "revision": options["commit_sha"],
        "options": {"n_threads": options["n_threads"]} if options["n_threads"] else None,
        "action": options["action_name"],
        "action_arguments": arguments or None,
        "whole": options["whole"] or None,
        "files": list(options["files"]) or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _from_root(project: Project, file: Path) -> str:
    path = Path(os.path.abspath(file))  # noqa: PTH100  # resolve() follows links
    if not path.is_relative_to(project.root):
        raise UsageError(f"{file} is not inside the project", hint="copy it into the project, so that others have it")
    return project.paths.relative(path)


def _save(project: Project, content: Content, before: Content, commit: bool, allow_secrets: bool) -> None:
    content = define.checked(project, "document", content)
    if not allow_secrets:
        define.check_secrets("document", content, before)
    defining.write(project, "document", content, new=False, commit=commit)


@click.command(epilog="\b\nExample:\n  qanat document delete-dependency iris_paper summary_iris")
@click.argument("name")
@click.argument("dependency")
@commit_option
def delete(name: str, dependency: str, commit: bool) -> None:
    """Delete DEPENDENCY from what document NAME needs; its runs and exported files stay as they are."""
    project = open_project(Path.cwd())
    content = project.definition("document", name)
    one = project.document(name).dependency(dependency)
    kept = [parts for parts in content["dependencies"] if documents.name_of(parts) != one.name]
    after = {key: value for key, value in content.items() if key != "dependencies"}
    defining.write(
        project,
        "document",
        after | ({"dependencies": kept} if kept else {}),
        new=False,
        commit=commit,
    )
    say(f"Deleted dependency {one.name} of document {name}")
