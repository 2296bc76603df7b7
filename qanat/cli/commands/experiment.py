"""`qanat experiment new|list|show|update|delete`."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.definitions import defining, from_program, metric_options, questions
from qanat.cli.definitions.defining import (
    Content,
    commit_option,
    file_option,
    json_option,
    secrets_option,
    yes_option,
)
from qanat.cli.definitions.metric_options import MetricOptions
from qanat.cli.options import Command, option
from qanat.cli.runs import reporting
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import plural, say, tell_note
from qanat.domain.names import check_name, name_problem
from qanat.domain.shortening import quoted
from qanat.domain.sizes import size
from qanat.domain.splitting import split
from qanat.errors import UsageError
from qanat.usecases.definitions import define, listing, rename
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import delete as deletion

NEW = """\b
Example:
  qanat experiment new experiments/train.py --dataset iris
  qanat experiment new experiments_details/summary_statistics_iris.yaml
  qanat experiment new --name summary_iris --executable experiments/iris.py --executable-command python \\
      --dataset iris --action "plot=python experiments/plot.py"

\b
An experiment file looks like this:
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


def _command(project: Project, content: Content) -> str:
    before = content.get("executable_command", "")
    return questions.command(project, content["executable"], before, option="--executable-command")


def _datasets(project: Project, content: Content) -> list[str]:
    known = project.names("dataset")
    if not known:
        return []
    chosen = content.get("datasets", ())
    return prompts.check_some(
        "Datasets (none selected: no data):", [(n, n) for n in known], option="--dataset", chosen=chosen
    )


def _actions(project: Project, content: Content) -> Content:
    actions = dict(content.get("actions", {}))
    if actions and not prompts.confirm(f"Keep the actions ({', '.join(actions)})?", option="--action", default=True):
        actions = {}
    while prompts.confirm("Add an action?", option="--action"):
        name = prompts.text("Name of the action:", option="--action", check=name_problem)
        parts = {
            "description": prompts.text("Description of the action (empty for none):", option="--action"),
            "executable": prompts.path(
                "Executable of the action:", option="--action", check=questions.program(project)
            ),
        }
        parts["executable_command"] = questions.command(project, parts["executable"], "", option="--action")
        actions[name] = {key: value for key, value in parts.items() if value}
    return actions


QUESTIONS = {
    "name": questions.new_name("experiment"),
    "description": questions.line("description", "Description"),
    "path": questions.line("path", "Folder of the experiment"),
    "executable": _executable,
    "executable_command": _command,
    "tags": questions.tags,
    "datasets": _datasets,
    "actions": _actions,
}


field = partial(option, group="Definition of the experiment")


def _fields(command: Any) -> Any:
    for add in (
        field(
            "--action",
            "actions",
            multiple=True,
            metavar="NAME=COMMAND",
            help='Add an action, such as "plot=python plot.py"; may be repeated.',
        ),
        field(
            "--seed",
            multiple=True,
            metavar="PARAM",
            help="Parameter that only tells repetitions apart, such as --seed; may be repeated.",
        ),
        field(
            "--code-path",
            "code",
            multiple=True,
            metavar="PATH",
            help="File or folder of its code, for run --needed; may be repeated. Default: everything.",
        ),
        field(
            "--figure",
            "figures",
            multiple=True,
            metavar="PATTERN",
            help="Images that it writes, such as 'plots/*.png', for report and ui; may be repeated.",
        ),
        field("--dataset", "datasets", multiple=True, metavar="NAME", help="Dataset it reads; may be repeated."),
        field("--tag", "tags", multiple=True, metavar="TAG", help="Tag of the experiment; may be repeated."),
        field("--executable-command", metavar="COMMAND", help="Command that runs the program: python, bash, …"),
        field("--executable", metavar="PATH", help="Program to run, relative to the project root."),
        field("--path", metavar="DIR", help="Folder of the experiment."),
        field("--description", metavar="TEXT", help="Description of the experiment."),
    ):
        command = add(command)
    return metric_options.declare(command)


def _given(actions: tuple[str, ...], **options: Any) -> Content:
    given = defining.given(**options, actions=dict(map(_action, actions)))
    if len(given.get("seed", ())) == 1:
        given["seed"] = given["seed"][0]
    if "code" in given:
        given["code"] = {"paths": given["code"]}
    return given


def _action(text: str) -> tuple[str, Content]:
    """Parse NAME=COMMAND: the last argument of the command is the executable, those before it run it."""
    name, _, command_line = text.partition("=")
    try:
        *command, executable = split(command_line)
    except ValueError:
        raise UsageError(
            f"--action {quoted(text)} has no command to run", hint='write it as --action "plot=python plot.py"'
        ) from None
    parts = {"executable": executable} | ({"executable_command": shlex.join(command)} if command else {})
    return check_name("action", name), parts


@click.command(cls=Command, epilog=NEW)
@click.argument("file", required=False, metavar="[PROGRAM | FILE]", type=click.Path(path_type=Path))
@file_option
@field("--name", metavar="NAME", help="Name of the experiment.")
@_fields
@option("-y", "--yes", is_flag=True, help="Ask no questions about a program, and run it with --help.")
@json_option
@commit_option
@secrets_option
def new(
    file: Path | None,
    from_file: Path | None,
    yes: bool,
    as_json: bool,
    commit: bool,
    allow_secrets: bool,
    **options: Any,
) -> None:
    """Create an experiment from PROGRAM, from a definition in FILE, from options, or by answering questions.

    From a program, qanat proposes name, description, path and command, and finds its options by running it with --help,
    but only if you agree or use --yes. A definition is YAML; a file with another suffix is a program.
    """
    source = defining.one_file(file, from_file)
    metrics = MetricOptions.taken_from(options)
    if file is not None and from_program.is_program(file):
        from_program.create(
            file,
            _given(**options) | metric_options.changed({}, metrics),
            QUESTIONS,
            yes=yes,
            commit=commit,
            allow_secrets=allow_secrets,
            as_json=as_json,
        )
        return
    if as_json or yes:
        raise from_program.no_program(source, "--json" if as_json else "--yes")
    before = define.read_input("experiment", source, {}) if source and metrics.are_used else {}
    defining.create(
        "experiment",
        source,
        _given(**options) | metric_options.changed(before, metrics),
        QUESTIONS,
        ("name", "executable"),
        commit=commit,
        allow_secrets=allow_secrets,
    )


@click.command("list", epilog="\b\nExample:\n  qanat experiment list --json")
@json_option
def list_(as_json: bool) -> None:
    """List experiments."""
    found = listing.listed(open_project(Path.cwd()), "experiment")
    headers = ("Name", "Description", "Path", "Datasets", "Tags")
    defining.show_list(
        headers, found, as_json=as_json, none="no experiments yet; create one with: qanat experiment new"
    )


@click.command(epilog="\b\nExample:\n  qanat experiment show summary_iris")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the definition of an experiment."""
    defining.show("experiment", name, as_json=as_json)


@click.command(
    cls=Command,
    epilog="\b\nExample:\n  qanat experiment update summary_iris --tag Statistics\n"
    "  qanat experiment update summary_iris --name summary --commit\n"
    "  qanat experiment update train --seed --seed --better acc=higher --label acc=Accuracy --unit 'acc=%'\n"
    "  qanat experiment update train --baseline acc --baseline-where tag=baseline --tolerance 1%\n"
    "  qanat experiment update train --figure 'plots/*.png' --figure confusion.svg",
)
@click.argument("name")
@file_option
@field("--name", "new_name", metavar="NEW", help="Rename the experiment to NEW; it keeps its runs.")
@_fields
@field("--remove-action", "removed", multiple=True, metavar="NAME", help="Remove this action; may be repeated.")
@commit_option
@secrets_option
def update(
    name: str,
    from_file: Path | None,
    new_name: str | None,
    removed: tuple[str, ...],
    commit: bool,
    allow_secrets: bool,
    **options: Any,
) -> None:
    """Change an experiment with options, from a file, or by answering questions.

    Options replace what was there: --tag replaces all tags, --dataset all datasets. --action keeps the other actions,
    and --better, --label and --unit what is said of other metrics; METRIC= removes it. Records of earlier runs do not
    change.
    """
    metrics = MetricOptions.taken_from(options)
    given = _given(**options)
    if metrics.are_used:
        given |= metric_options.changed(open_project(Path.cwd()).definition("experiment", name), metrics)
    if given.get("actions") or removed:
        given["actions"] = _changed_actions(open_project(Path.cwd()), name, given.get("actions", {}), removed)
    if new_name is not None:
        if from_file or given:
            raise UsageError("--name cannot be used with other changes", hint="make them in a second command")
        _rename(open_project(Path.cwd()), name, new_name, commit=commit)
        return
    defining.change("experiment", name, from_file, given, QUESTIONS, commit=commit, allow_secrets=allow_secrets)


def _changed_actions(project: Project, name: str, added: Content, removed: tuple[str, ...]) -> Content:
    before = project.definition("experiment", name).get("actions", {})
    if unknown := [action for action in removed if action not in before]:
        hint = f"its actions: {', '.join(before)}" if before else "it has no actions"
        raise UsageError(f"experiment {name} has no action {quoted(unknown[0])}", hint=hint)
    return {key: value for key, value in before.items() if key not in removed} | added


def _rename(project: Project, name: str, new_name: str, *, commit: bool) -> None:
    files = [project.paths.definition("experiment", check_name("experiment", n)) for n in (name, new_name)]
    message = f"qanat: experiment {name} renamed to {new_name}"
    with define.committing(project, files, message, commit=commit):
        before, after = rename.rename(project, name, new_name)
    say(f"Renamed {project.paths.relative(before)} to {project.paths.relative(after)}")
    for document in _documents_needing(project, name):
        tell_note(f"document {document} still has the former name, which works; correct it in its file")
    if commit:
        say("Committed both files")


def _documents_needing(project: Project, name: str) -> list[str]:
    if not project.names("document"):
        return []
    from qanat.usecases.documents.uses import needing

    return needing(project, name)


@click.command(
    epilog="\b\nExample:\n  qanat experiment delete summary_iris\n  qanat experiment delete old --keep-runs --yes"
)
@click.argument("name")
@option("--keep-runs", is_flag=True, help="Keep the records and results of its runs.")
@yes_option
@commit_option
def delete(name: str, keep_runs: bool, yes: bool, commit: bool) -> None:
    """Delete an experiment with the records, comments and results of its runs.

    The records remain in the history of the repository. Results that qanat did not create are kept.
    """
    project = open_project(Path.cwd())
    name = project.definition("experiment", name)["name"]
    with refreshed(project, session.runners()) as (index, _):
        plan = deletion.plan_experiment(project, index, name, keep_runs=keep_runs)
    runs = f" with {plural(len(plan.records), 'run')} and {size(plan.bytes)} of results" if plan.records else ""
    for document in _documents_needing(project, name):
        tell_note(f"document {document} needs the experiment, and cannot be compiled without it")
    defining.confirm_deletion(f"Experiment {name}{runs} will be deleted; its program will be kept.", yes=yes)
    gone = deletion.delete_experiment(project, plan, commit=commit)
    reporting.tell_notes([*plan.advice, gone.note] if gone.note else plan.advice)
    defining.say_deleted(
        project, f"experiment {name}{runs}", gone.commit, *map(deletion.in_short, (gone.paths, gone.left))
    )
