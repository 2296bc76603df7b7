"""`qanat template`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli.definitions import defining, questions
from qanat.cli.definitions.defining import Content, commit_option, file_argument, file_option, json_option, yes_option
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import say, say_json, tell
from qanat.errors import EXIT_FAILED, NotFound, UsageError
from qanat.runners import registry
from qanat.usecases.definitions import define
from qanat.usecases.launch import templates
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat template new htcondor_template.yaml --runner htcondor
  qanat template new --name two_cpus --runner slurm -o --cpus-per-task=2 -o --time=1-00:00:00

\b
A file holds nothing but the scheduler's options, or looks like this:
  name: two_cpus
  runner: htcondor
  description: Two CPUs and 2 GB
  options: {request_cpus: 2, request_memory: 2GB}"""


def _runner(_project: Project, _content: Content) -> str:
    return prompts.choose("Runner:", [(name, name) for name in registry.submitting_names()], option="--runner")


def _options(_project: Project, content: Content) -> Content:
    found = dict(content.get("options", {}))
    while answer := prompts.text("Option as key=value (empty: done):", option="-o KEY=VALUE", check=_pair_problem):
        found |= dict([_pair(answer)])
    return found


QUESTIONS = {
    "name": questions.new_name("template"),
    "runner": _runner,
    "description": questions.line("description", "Description:"),
    "options": _options,
}


@click.group(epilog="\b\nExample:\n  qanat template list\n  qanat template show default --runner slurm")
def template() -> None:
    """Submit templates: named options for a scheduler."""


def _fields(command: Any) -> Any:
    for option in (
        click.option(
            "--option", "-o", "options", multiple=True, metavar="KEY=VALUE", help="An option of it; may be repeated."
        ),
        click.option("--description", help="What it is for."),
    ):
        command = option(command)
    return command


def _given(options: tuple[str, ...], **others: Any) -> Content:
    return defining.given(**others, options=dict(map(_pair, options)))


def _pair(text: str) -> tuple[str, Any]:
    if problem := _pair_problem(text):
        raise UsageError(f"-o {text!r}: {problem}", hint="write it as -o request_cpus=2")
    key, _, value = text.partition("=")
    return key.strip(), define.scalar(value.strip())


def _pair_problem(text: str) -> str:
    return "" if not text or (text.partition("=")[0].strip() and "=" in text) else "it is not of the form key=value"


@template.command(epilog=NEW)
@file_argument
@file_option
@click.option("--name", help="Name of the template.")
@click.option("--runner", help="Whose options these are, such as slurm.")
@_fields
@commit_option
def new(file: Path | None, from_file: Path | None, commit: bool, **options: Any) -> None:
    """Define a template: from FILE, from options, or by answering questions."""
    source = defining.one_file(file, from_file)
    needed = ("name", "runner", "options")
    defining.create("template", source, _given(**options), QUESTIONS, needed, commit=commit)


@template.command("list", epilog="\b\nExample:\n  qanat template list --json")
@json_option
def list_(as_json: bool) -> None:
    """List the templates, those of the settings too."""
    contents = templates.every_template(open_project(Path.cwd()))
    headers = ("Name", "Runner", "Description", "Options")
    defining.show_list(headers, contents, as_json=as_json, none="no template yet; make one: qanat template new")


def _runner_of(project: Project, name: str, runner: str | None) -> str:
    """Find the runner that has a template of this name. Raises UsageError when several have."""
    runners = [r for r, n in project.templates() if n == name]
    if runner or len(runners) == 1:
        return runner or runners[0]
    if not runners:
        known = ", ".join(f"{n} ({r})" for r, n in project.templates())
        raise NotFound(f"there is no template {name!r}", hint=f"there are: {known}" if known else "qanat template new")
    raise UsageError(f"{' and '.join(runners)} both have a template {name!r}", hint="say which: --runner NAME")


runner_option = click.option("--runner", help="Which one, when several runners have a template of this name.")


@template.command(
    epilog="\b\nExample:\n  qanat template show default --runner slurm\n  qanat template show two_cpus --check"
)
@click.argument("name")
@runner_option
@click.option(
    "--check", is_flag=True, help="Tell what the scheduler would not take; exit code 1 when there is something."
)
@json_option
def show(name: str, runner: str | None, check: bool, as_json: bool) -> int:
    """Show a template, also one of the settings or of a file."""
    project = open_project(Path.cwd())
    found = templates.find_by_name(project, name, runner)
    say_json(templates.as_mapping(found)) if as_json else say(define.text_of(templates.as_mapping(found)).rstrip("\n"))
    if not check:
        return 0
    runner_for = registry.RUNNERS.submitting(found.runner)
    problems = runner_for.problems(found.options)
    for problem in problems:
        tell(f"{name}: {problem}")
    for warning in runner_for.warnings(found.options):
        tell(f"{name}: note: {warning}")
    if not problems:
        tell(f"{name}: no problem found")
    return EXIT_FAILED if problems else 0


@template.command(epilog="\b\nExample:\n  qanat template update two_cpus -o request_memory=4GB")
@click.argument("name")
@runner_option
@file_option
@_fields
@commit_option
def update(name: str, runner: str | None, from_file: Path | None, commit: bool, **options: Any) -> None:
    """Change a template: by options, which are added to those it has, by a file, or by answering questions."""
    project = open_project(Path.cwd())
    found = _runner_of(project, name, runner)
    changes = _given(**options)
    if "options" in changes:
        changes["options"] = project.definition("template", name, found)["options"] | changes["options"]
    defining.change("template", name, from_file, changes, QUESTIONS, commit=commit, runner=found)


@template.command(epilog="\b\nExample:\n  qanat template delete two_cpus --yes")
@click.argument("name")
@runner_option
@yes_option
@commit_option
def delete(name: str, runner: str | None, yes: bool, commit: bool) -> None:
    """Delete a template; records keep the options that their runs were submitted with."""
    project = open_project(Path.cwd())
    content = project.definition("template", name, _runner_of(project, name, runner))
    defining.confirm_deletion(f"Template {name} of {content['runner']} goes.", yes=yes)
    path = define.path_for(project, "template", content)
    define.delete(project, path)
    if commit:
        defining.committed(project, path, f"qanat: template {name} deleted")
