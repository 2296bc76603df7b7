"""What the commands of experiments, datasets and templates have in common: new, list, show, update, delete."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from qanat.cli.terminal import prompts, tables
from qanat.cli.terminal.output import is_terminal, plural, say, say_json, tell, width
from qanat.errors import UsageError
from qanat.usecases.definitions import define
from qanat.usecases.project import Project, open_project

Content = dict[str, Any]
Question = Callable[[Project, Content], Any]
"""Asks for one key; gets what is known until now, the present value of the key included."""

file_argument = click.argument("file", required=False, type=click.Path(path_type=Path))
file_option = click.option(
    "-f", "--file", "from_file", type=click.Path(path_type=Path), help="Read it from a YAML file."
)
commit_option = click.option("--commit", is_flag=True, help="Commit the file, and nothing else.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def given(**options: Any) -> Content:
    """Keep the options that were given."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in options.items() if v not in (None, (), {})}


def one_file(argument: Path | None, option: Path | None) -> Path | None:
    """Take the file from either place. Raises UsageError when both name one."""
    if argument and option:
        raise UsageError(f"two files are given: {argument} and {option}", hint="give one")
    return argument or option


def create(
    kind: str,
    file: Path | None,
    options: Content,
    questions: Mapping[str, Question],
    required: Sequence[str],
    *,
    commit: bool,
) -> None:
    """Make a definition from a file, from options, or from the answers of whoever sits at the terminal."""
    project = open_project(Path.cwd())
    if file is not None:
        content = define.read_input(kind, file, _from_file_name(kind, file, options)) | options
    else:
        content = _complete(project, options, questions, required)
    content = define.checked(project, kind, content)
    if file is None and not options:
        _show_and_confirm(content)
    _write(project, kind, content, new=True, commit=commit)


def change(
    kind: str,
    name: str,
    file: Path | None,
    options: Content,
    questions: Mapping[str, Question],
    *,
    commit: bool,
    runner: str = "",
) -> None:
    """Change a definition: replace it by a file, set what options give, or ask with the present values as defaults."""
    project = open_project(Path.cwd())
    before = project.definition(kind, name, runner)
    if file is not None:
        content = define.read_input(kind, file, {"name": name, **({"runner": runner} if runner else {})})
        if content["name"] != name:
            raise UsageError(f"{file} is about {content['name']!r}, not about {name!r}", hint="correct its name")
    else:
        content = before | options
    if file is None and not options:
        _need_terminal(f"qanat {kind} update", "-f FILE, or an option for what is to change")
        for key, question in questions.items():
            if key not in ("name", "runner"):
                content[key] = question(project, content)
    content = define.checked(project, kind, {k: v for k, v in content.items() if v not in ("", [], {}) or k in before})
    if content == before:
        say("nothing changed")
        return
    if file is None and not options:
        _show_and_confirm(content)
    _write(project, kind, content, new=False, commit=commit)


def show(kind: str, name: str, *, as_json: bool, runner: str = "") -> None:
    """Print a definition."""
    content = open_project(Path.cwd()).definition(kind, name, runner)
    say_json(content) if as_json else say(define.text_of(content).rstrip("\n"))


def show_list(headers: Sequence[str], contents: Sequence[Content], *, as_json: bool, none: str) -> None:
    """Print definitions as a table with these keys, or as JSON."""
    if as_json:
        say_json(contents)
        return
    if not contents:
        say(none)
        return
    rows = [tuple(_cell(content.get(key.lower(), "")) for key in headers) for content in contents]
    say(tables.table(headers, rows, width=width(), flexible=range(1, len(headers))))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def confirm_deletion(what: str, *, yes: bool) -> None:
    """Ask before something is deleted, unless it was said already."""
    say(what)
    if not yes and not prompts.confirm("Delete it?", option="--yes"):
        raise click.Abort


def committed(project: Project, path: Path, message: str) -> None:
    """Commit one file and say so."""
    define.commit(project, [path], message)
    say(f"{project.paths.relative(path)} committed")


def _from_file_name(kind: str, file: Path, options: Content) -> Content:
    """Name a template after its file, since the first qanat's files are nothing but options."""
    if kind != "template":
        return {}
    return {"name": options.get("name", file.stem)} | ({"runner": options["runner"]} if "runner" in options else {})


def _complete(
    project: Project, options: Content, questions: Mapping[str, Question], required: Sequence[str]
) -> Content:
    """Ask for everything when nothing is given, otherwise only for what cannot be left out."""
    content = dict(options)
    if not options:
        _need_terminal("this", "-f FILE, or " + ", ".join(f"--{key}" for key in required))
    for key in required if options else questions:
        if key not in content:
            answer = questions[key](project, content)
            content |= {key: answer} if answer or key in required else {}
    return content


def _need_terminal(what: str, option: str) -> None:
    if not is_terminal():
        raise UsageError(f"{what} needs answers, and there is no terminal to ask on", hint=f"give {option}")


def _show_and_confirm(content: Content) -> None:
    say(f"\n{define.text_of(content)}")
    if not prompts.confirm("Write it?", option="-f FILE", default=True):
        raise click.Abort


def _write(project: Project, kind: str, content: Content, *, new: bool, commit: bool) -> None:
    lost = define.comments_lost(project, kind, content)
    path = define.save(project, kind, content, new=new)
    say(f"{project.paths.relative(path)} written")
    if lost:
        tell(f"note: {plural(len(lost), 'comment')} inside its values went, the first: {lost[0]}")
    if commit:
        committed(project, path, f"qanat: {kind} {content['name']} {'added' if new else 'changed'}")
