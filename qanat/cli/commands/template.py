"""`qanat template`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.commands import template_packs
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
from qanat.cli.terminal.output import say, say_json, tell
from qanat.domain.shortening import quoted
from qanat.errors import EXIT_FAILED, NotFound, UsageError
from qanat.usecases.definitions import define
from qanat.usecases.launch import templates
from qanat.usecases.project import Project, open_project

NEW = """\b
Example:
  qanat template new htcondor_template.yaml --runner htcondor
  qanat template new --name two_cpus --runner slurm -o --cpus-per-task=2 -o --time=1-00:00:00

\b
A template file holds nothing but options of the scheduler, or looks like this:
  name: two_cpus
  runner: htcondor
  description: Two CPUs and 2 GB
  options: {getenv: "PATH, VIRTUAL_ENV", request_cpus: 2, request_memory: 2GB}"""


def _runner(_project: Project, _content: Content) -> str:
    return prompts.choose("Runner:", [(name, name) for name in session.runners().submitting_names()], option="--runner")


def _options(_project: Project, content: Content) -> Content:
    found = dict(content.get("options", {}))
    while answer := prompts.text("Option as KEY=VALUE (empty to finish):", option="-o KEY=VALUE", check=_pair_problem):
        found |= dict([_pair(answer)])
    return found


QUESTIONS = {
    "name": questions.new_name("template"),
    "runner": _runner,
    "description": questions.line("description", "Description"),
    "options": _options,
}


@click.group(cls=Group, epilog="\b\nExample:\n  qanat template list\n  qanat template show default --runner slurm")
def template() -> None:
    """Manage submit templates: named sets of scheduler options."""


def _fields(command: Any) -> Any:
    for add in (
        option(
            "-o", "--option", "options", multiple=True, metavar="KEY=VALUE", help="Scheduler option; may be repeated."
        ),
        option("--description", metavar="TEXT", help="Description of the template."),
        option("--extends", multiple=True, metavar="NAME", help="Inherit the options of NAME; may be repeated."),
    ):
        command = add(command)
    return command


def _given(options: tuple[str, ...], **others: Any) -> Content:
    return defining.given(**others, options=dict(map(_pair, options)))


def _pair(text: str) -> tuple[str, Any]:
    if problem := _pair_problem(text):
        raise UsageError(f"-o {quoted(text)} is {problem}", hint="write it as -o request_cpus=2")
    key, _, value = text.partition("=")
    return key.strip(), define.scalar(value.strip())


def _pair_problem(text: str) -> str:
    return "" if not text or (text.partition("=")[0].strip() and "=" in text) else "not of the form KEY=VALUE"


@template.command(epilog=NEW, short_help="Create a template.")
@file_argument
@file_option
@option("--name", metavar="NAME", help="Name of the template.")
@option("--runner", metavar="RUNNER", help="Runner that takes these options, such as slurm.")
@_fields
@commit_option
@secrets_option
def new(file: Path | None, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any) -> None:
    """Create a template from FILE, from options, or by answering questions."""
    source = defining.one_file(file, from_file)
    needed = ("name", "runner", *(() if options["extends"] else ("options",)))
    defining.create(
        "template", source, _given(**options), QUESTIONS, needed, commit=commit, allow_secrets=allow_secrets
    )


@template.command("list", epilog="\b\nExample:\n  qanat template list --json")
@json_option
def list_(as_json: bool) -> None:
    """List templates, including those in the settings."""
    found = templates.listed(open_project(Path.cwd()), session.runners())
    if not as_json:
        for content in found.contents:
            content["only on"] = content.get("when", {}).get("host", "")
    known = ("Pack", "Extends", "Only on")
    extra = [header for header in known if any(content.get(header.lower()) for content in found.contents)]
    headers = ("Name", "Runner", "Description", *extra, "Options")
    defining.show_list(headers, found, as_json=as_json, none="no templates yet; create one with: qanat template new")


def _runner_of(project: Project, name: str, runner: str | None) -> str:
    """Find the runner that has a template of this name. Raises UsageError if several have one."""
    runners = [r for r, n in project.templates() if n == name]
    if runner or len(runners) == 1:
        return runner or runners[0]
    if not runners:
        known = ", ".join(f"{n} ({r})" for r, n in project.templates())
        raise NotFound(
            f"template {quoted(name)} does not exist",
            hint=f"known templates: {known}" if known else "qanat template new",
        )
    raise UsageError(f"{' and '.join(runners)} both have a template {quoted(name)}", hint="choose one with --runner")


runner_option = option("--runner", metavar="RUNNER", help="Runner of the template, if several have one of this name.")


SHOW = """\b
Example:
  qanat template show default --runner slurm
  qanat template show two_cpus --check
  qanat template show gpu --host login1.example.org"""


@template.command(epilog=SHOW, short_help="Show a template.")
@click.argument("name")
@runner_option
@option("--host", metavar="NAME", help="Show what the template comes to on the machine NAME.")
@option("--check", is_flag=True, help="Report options that the scheduler would reject; exit with 1 if there are any.")
@json_option
def show(name: str, runner: str | None, host: str | None, check: bool, as_json: bool) -> int:
    """Show a template, which may be in the settings or in a file, with the options that it inherits."""
    project = open_project(Path.cwd())
    found = templates.find_by_name(project, name, runner, session.runners(), host)
    say_json(templates.as_json(found)) if as_json else say(templates.as_text(found).rstrip("\n"))
    if not check:
        return 0
    problems, warnings = templates.check(found, session.runners())
    for problem in problems:
        tell(f"{name}: {problem}")
    for warning in warnings:
        tell(f"{name}: note: {warning}")
    if not problems:
        tell(f"{name}: no problems found")
    return EXIT_FAILED if problems else 0


@template.command(
    epilog="\b\nExample:\n  qanat template update two_cpus -o request_memory=4GB", short_help="Change a template."
)
@click.argument("name")
@runner_option
@file_option
@_fields
@commit_option
@secrets_option
def update(
    name: str, runner: str | None, from_file: Path | None, commit: bool, allow_secrets: bool, **options: Any
) -> None:
    """Change a template with options, from a file, or by answering questions.

    -o adds a scheduler option, or replaces its value.
    """
    project = open_project(Path.cwd())
    found = _runner_of(project, name, runner)
    changes = _given(**options)
    if "options" in changes:
        changes["options"] = project.definition("template", name, found).get("options", {}) | changes["options"]
    defining.change(
        "template", name, from_file, changes, QUESTIONS, commit=commit, allow_secrets=allow_secrets, runner=found
    )


@template.command(epilog="\b\nExample:\n  qanat template delete two_cpus --yes")
@click.argument("name")
@runner_option
@yes_option
@commit_option
def delete(name: str, runner: str | None, yes: bool, commit: bool) -> None:
    """Delete a template. Records keep the options that runs were submitted with."""
    project = open_project(Path.cwd())
    content = project.definition("template", name, _runner_of(project, name, runner))
    defining.confirm_deletion(f"Template {name} ({content['runner']}) will be deleted.", yes=yes)
    defining.delete(project, "template", content, commit=commit)


for command in (template_packs.add, template_packs.pull, template_packs.remove):
    template.add_command(command)
