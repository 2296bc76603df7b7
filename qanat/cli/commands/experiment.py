"""`qanat experiment new|list|show|update|delete`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import Content, commit_option, file_argument, file_option, json_option, yes_option
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import plural, say, size
from qanat.domain.names import check_name, name_problem
from qanat.errors import UsageError
from qanat.runners import registry
from qanat.usecases.definitions import define, rename
from qanat.usecases.project import Project, open_project
from qanat.usecases.tracking.refresh import refreshed

NEW = """\b
Example:
  qanat experiment new experiments_details/summary_statistics_iris.yaml
  qanat experiment new --name summary_iris --executable experiments/iris.py --executable_command python \\
      --dataset iris --action "plot=python experiments/plot.py"

\b
A file looks like this:
  name: summary_iris
  description: Summary statistics on IRIS dataset
  path: experiments/summary_statistics
  executable: experiments/summary_statistics/iris.py
  executable_command: python
  datasets: [iris]
  tags: [Statistics]
  actions:
    plot:
      description: Plot summary statistics about the dataset
      executable: experiments/summary_statistics/plot.py
      executable_command: python"""


def _executable(project: Project, content: Content) -> str:
    default = content.get("executable", "")
    return prompts.path("Executable:", option="--executable", default=default, check=questions.program(project))


def _datasets(project: Project, content: Content) -> list[str]:
    known = project.names("dataset")
    if not known:
        return []
    chosen = content.get("datasets", ())
    return prompts.check_some("Datasets:", [(n, n) for n in known], option="--dataset", chosen=chosen)


def _actions(project: Project, content: Content) -> Content:
    actions = dict(content.get("actions", {}))
    if actions and not prompts.confirm(f"Keep the actions ({', '.join(actions)})?", option="--action", default=True):
        actions = {}
    while prompts.confirm("Add an action?", option="--action"):
        name = prompts.text("Name of the action:", option="--action", check=name_problem)
        parts = {
            "description": prompts.text("What does it do?", option="--action"),
            "executable": prompts.path("Its executable:", option="--action", check=questions.program(project)),
            "executable_command": prompts.text("Command to start it (python, bash …):", option="--action"),
        }
        actions[name] = {key: value for key, value in parts.items() if value}
    return actions


QUESTIONS = {
    "name": questions.new_name("experiment"),
    "description": questions.line("description", "Description:"),
    "path": questions.line("path", "Folder of the experiment:"),
    "executable": _executable,
    "executable_command": questions.line(
        "executable_command", "Command to start it (python, bash …):", option="--executable_command"
    ),
    "tags": questions.tags,
    "datasets": _datasets,
    "actions": _actions,
}


def _fields(command: Any) -> Any:
    for option in (
        click.option("--action", "actions", multiple=True, metavar="NAME=WORDS", help='Such as "plot=python plot.py".'),
        click.option("--dataset", "datasets", multiple=True, help="A dataset it reads; may be repeated."),
        click.option("--tag", "tags", multiple=True, help="A tag; may be repeated."),
        click.option("--executable_command", "--executable-command", help="What starts it: python, bash …"),
        click.option("--executable", help="The program, from the project's root."),
        click.option("--path", help="Folder of the experiment."),
        click.option("--description", help="What it is for."),
    ):
        command = option(command)
    return command


def _given(actions: tuple[str, ...], **options: Any) -> Content:
    return defining.given(**options, actions=dict(map(_action, actions)))


def _action(text: str) -> tuple[str, Content]:
    """Read NAME=WORDS: the last word is the executable, those before it start it."""
    name, _, words = text.partition("=")
    try:
        *command, executable = shlex.split(words)
    except ValueError:
        raise UsageError(
            f"--action {text!r} does not say what to run", hint='write it as --action "plot=python plot.py"'
        ) from None
    parts = {"executable": executable} | ({"executable_command": shlex.join(command)} if command else {})
    return check_name("action", name), parts


@click.command(epilog=NEW)
@file_argument
@file_option
@click.option("--name", help="Name of the experiment.")
@_fields
@commit_option
def new(file: Path | None, from_file: Path | None, commit: bool, **options: Any) -> None:
    """Define an experiment: from FILE, from options, or by answering questions."""
    source = defining.one_file(file, from_file)
    defining.create("experiment", source, _given(**options), QUESTIONS, ("name", "executable"), commit=commit)


@click.command("list", epilog="\b\nExample:\n  qanat experiment list --json")
@json_option
def list_(as_json: bool) -> None:
    """List the experiments."""
    project = open_project(Path.cwd())
    contents = [project.definition("experiment", name) for name in project.names("experiment")]
    headers = ("Name", "Description", "Path", "Datasets", "Tags")
    defining.show_list(headers, contents, as_json=as_json, none="no experiment yet; make one: qanat experiment new")


@click.command(epilog="\b\nExample:\n  qanat experiment show summary_iris")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show an experiment."""
    defining.show("experiment", name, as_json=as_json)


@click.command(
    epilog="\b\nExample:\n  qanat experiment update summary_iris --tag Statistics\n"
    "  qanat experiment update summary_iris --name summary --commit"
)
@click.argument("name")
@file_option
@click.option("--name", "new_name", metavar="NEW", help="Call it NEW from now on; its runs stay with it.")
@_fields
@click.option(
    "--remove_action", "--remove-action", "removed", multiple=True, metavar="NAME", help="An action that goes."
)
@commit_option
def update(
    name: str, from_file: Path | None, new_name: str | None, removed: tuple[str, ...], commit: bool, **options: Any
) -> None:
    """Change an experiment: by options, by a file, or by answering questions. Its records stay as they are.

    What options give takes the place of what was there, --tag of all tags; --action adds or replaces one action.
    """
    given = _given(**options)
    if given.get("actions") or removed:
        given["actions"] = _changed_actions(open_project(Path.cwd()), name, given.get("actions", {}), removed)
    if new_name is not None:
        if from_file or given:
            raise UsageError("--name does not go with other changes", hint="give them in a second command")
        _rename(open_project(Path.cwd()), name, new_name, commit=commit)
        return
    defining.change("experiment", name, from_file, given, QUESTIONS, commit=commit)


def _changed_actions(project: Project, name: str, added: Content, removed: tuple[str, ...]) -> Content:
    before = project.definition("experiment", name).get("actions", {})
    if unknown := [action for action in removed if action not in before]:
        hint = f"it has {', '.join(before)}" if before else "it has none"
        raise UsageError(f"experiment {name} has no action {unknown[0]!r}", hint=hint)
    return {key: value for key, value in before.items() if key not in removed} | added


def _rename(project: Project, name: str, new_name: str, *, commit: bool) -> None:
    before, after = rename.rename(project, name, new_name)
    say(f"{project.paths.relative(before)} is {project.paths.relative(after)} now")
    if commit:
        define.commit(project, [before, after], f"qanat: experiment {name} renamed to {new_name}")
        say("both committed")


@click.command(
    epilog="\b\nExample:\n  qanat experiment delete summary_iris\n  qanat experiment delete old --keep-runs --yes"
)
@click.argument("name")
@click.option("--keep-runs", is_flag=True, help="Leave records and results of its runs where they are.")
@yes_option
@commit_option
def delete(name: str, keep_runs: bool, yes: bool, commit: bool) -> None:
    """Delete an experiment with the records and results of its runs; git's history keeps the records."""
    project = open_project(Path.cwd())
    content = project.definition("experiment", name)
    with refreshed(project, registry.RUNNERS) as (index, _):
        going = None if keep_runs else define.going_with(project, index, name)
    runs = f" with {plural(len(going.records), 'run')} and {size(going.bytes)} of results" if going else ""
    defining.confirm_deletion(f"Experiment {name} goes{runs}; its program stays.", yes=yes)
    path = define.path_for(project, "experiment", content)
    define.delete(project, path, going)
    if commit:
        defining.committed(project, path, f"qanat: experiment {name} deleted")
