"""What the commands on experiments, datasets, templates and views share: new, list, show, update, delete."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from qanat.cli.options import option
from qanat.cli.terminal import prompts, restoring, tables
from qanat.cli.terminal.output import plural, say, say_json, tell, tell_note, width
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.definitions import define
from qanat.usecases.definitions.listing import Listed
from qanat.usecases.project import Project, open_project

NOTES_SHOWN = 10
# Those of definitions; other files are programs or data.
SUFFIXES = frozenset({".yaml", ".yml", ".json"})
Content = dict[str, Any]
Question = Callable[[Project, Content], Any]
"""Asks for one key; receives the content so far, which has the current value of that key."""

file_argument = click.argument("file", required=False, type=click.Path(path_type=Path))
file_option = option(
    "-f", "--file", "from_file", type=click.Path(path_type=Path), metavar="FILE", help="Read the definition from FILE."
)
commit_option = option(
    "--commit", is_flag=True, help="Commit this change, and nothing else; without it, committing is up to you."
)
secrets_option = option("--allow-secrets", is_flag=True, help="Accept values that look like secrets.")
json_option = option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")


def given(**options: Any) -> Content:
    """Return the options that were used."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in options.items() if v not in (None, (), {})}


def one_file(argument: Path | None, from_file: Path | None) -> Path | None:
    """Return the file that was passed as an argument or as --file. Raises UsageError for two of them."""
    if argument and from_file:
        raise UsageError(f"two files were passed: {argument} and {from_file}", hint="pass one of them")
    return argument or from_file


def read_named(kind: str, file: Path, given: Content) -> Content:
    """Return the definition in a file that may leave out what is given. Raises UsageError if it has another name."""
    content = define.read_input(kind, file, given)
    if content["name"] != given["name"]:
        raise UsageError(
            f"{file} defines {quoted(content['name'])}, not {quoted(given['name'])}",
            hint="correct the name in the file",
        )
    return content


def create(
    kind: str,
    file: Path | None,
    options: Content,
    questions: Mapping[str, Question],
    required: Sequence[str],
    *,
    commit: bool,
    allow_secrets: bool,
) -> None:
    """Create a definition from a file, from options, or from answers to questions."""
    project = open_project(Path.cwd())
    if file is not None:
        content = define.read_input(kind, file, _from_file_name(kind, file, options)) | options
    else:
        content = _complete(project, options, questions, required)
    content = define.checked(project, kind, content)
    if not allow_secrets:
        define.check_secrets(kind, content)
    if file is None and not options:
        show_and_confirm(content)
    write(project, kind, content, new=True, commit=commit)


def change(
    kind: str,
    name: str,
    file: Path | None,
    options: Content,
    questions: Mapping[str, Question],
    *,
    commit: bool,
    allow_secrets: bool,
    runner: str = "",
    dropped: Sequence[str] = (),
) -> None:
    """Change a definition: replace it with a file, apply options, or ask with the current values as defaults.

    The options leave no room for the keys that are `dropped`; one whose value is None is removed.
    """
    project = open_project(Path.cwd())
    before = project.definition(kind, name, runner)
    if file is not None:
        content = read_named(kind, file, {"name": name, **({"runner": runner} if runner else {})})
    else:
        content = {key: value for key, value in before.items() if key not in dropped} | options
    if file is None and not options:
        prompts.need_terminal("-f FILE, or options for what to change")
        for key, question in questions.items():
            if key not in ("name", "runner"):
                content[key] = question(project, content)
    kept = {k: v for k, v in content.items() if v is not None and (v not in ("", [], {}) or k in before)}
    content = define.checked(project, kind, kept)
    if content == before:
        say("nothing changed")
        return
    if not allow_secrets:
        define.check_secrets(kind, content, before)
    if file is None and not options:
        show_and_confirm(content)
    write(project, kind, content, new=False, commit=commit)


def show(kind: str, name: str, *, as_json: bool, runner: str = "") -> None:
    """Print a definition."""
    content = open_project(Path.cwd()).definition(kind, name, runner)
    say_json(content) if as_json else say(define.text_of(content).rstrip("\n"))


def show_list(headers: Sequence[str], listed: Listed, *, as_json: bool, none: str) -> None:
    """Print definitions as JSON, or as a table with a column for each of these keys."""
    for note in listed.notes[:NOTES_SHOWN]:
        tell_note(note)
    if (more := len(listed.notes) - NOTES_SHOWN) > 0:
        tell(f"note: {more:,} more cannot be listed; see qanat validate")
    contents = listed.contents
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
    if isinstance(value, dict):
        return ", ".join(f"{key}={_value(inner)}" for key, inner in value.items())
    return str(value)


def _value(inner: Any) -> str:
    return inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)


def confirm_deletion(what: str, *, yes: bool) -> None:
    """Show what will be deleted, and ask for confirmation unless --yes was used."""
    say(what)
    if not yes and not prompts.confirm("Delete it?", option="--yes"):
        raise click.Abort


def delete(project: Project, kind: str, content: Content, *, commit: bool) -> None:
    """Delete a definition, and print how to restore it."""
    path = define.path_for(project, kind, content)
    head, had = define.delete(project, kind, path, commit=commit)
    if commit:
        say(f"Committed {project.paths.relative(path)}")
    say_deleted(project, f"{kind} {content['name']}", head, had, () if commit else had)


def say_deleted(project: Project, what: str, commit: str | None, paths: Sequence[str], left: Sequence[str]) -> None:
    """Print what was deleted, how to restore these files from a commit, and whose removal is to be committed."""
    back = f"; restore it with: {restoring.restore(project, commit, paths)}" if commit and paths else ""
    say(f"Deleted {what}{back}")
    if left:
        say(f"Not committed yet; commit the deletion with: {restoring.commit(project, left)}")


def _from_file_name(kind: str, file: Path, options: Content) -> Content:
    """Return a name for a template from its file, since files of qanat 0.x hold nothing but options."""
    if kind != "template":
        return {}
    return {"name": options.get("name", file.stem)} | ({"runner": options["runner"]} if "runner" in options else {})


def _complete(
    project: Project, options: Content, questions: Mapping[str, Question], required: Sequence[str]
) -> Content:
    """Ask for everything if no option was used, otherwise only for required keys."""
    content = dict(options)
    if not options:
        prompts.need_terminal("-f FILE, or " + ", ".join(map(_option_for, required)))
    for key in required if options else questions:
        if key not in content:
            answer = questions[key](project, content)
            content |= {key: answer} if answer or key in required else {}
    return content


def _option_for(key: str) -> str:
    return {"options": "-o KEY=VALUE"}.get(key, f"--{key}")


def show_and_confirm(content: Content) -> None:
    """Show a definition, and ask whether to save it."""
    say(f"\n{define.text_of(content)}")
    if not prompts.confirm("Save it?", option="-f FILE", default=True):
        raise click.Abort


def write(project: Project, kind: str, content: Content, *, new: bool, commit: bool) -> None:
    """Save a definition, and print where it is."""
    lost = define.comments_lost(project, kind, content)
    path = save(project, kind, content, new=new, commit=commit)
    say(f"{'Created' if new else 'Updated'} {project.paths.relative(path)}")
    if lost:
        tell(f"note: dropped {plural(len(lost), 'comment')} inside values, the first one: {lost[0]}")
    if commit:
        say(f"Committed {project.paths.relative(path)}")
        if kind == "experiment":
            _tell_what_git_lacks(project, path)
    if new:
        _tell_what_to_commit(path, define.untracked_programs(project, kind, content), committed=commit)


def _tell_what_git_lacks(project: Project, experiment: Path) -> None:
    from qanat.usecases.checks import untracked_datasets  # only for an experiment that has just been committed

    for note in untracked_datasets.warnings(project, {project.paths.relative(experiment)}):
        tell_note(note)


def _tell_what_to_commit(definition: Path, programs: list[Path], *, committed: bool) -> None:
    """Print how to commit a new definition, and the programs without which it cannot be used."""
    files = programs if committed else [definition, *programs]
    if files:
        names = shlex.join(map(os.path.relpath, files))
        what = f"the program{'s' if len(programs) > 1 else ''}" if committed else "it"
        shorter = "" if committed or programs else "; --commit does this for you"
        tell(f"  hint: commit {what} with: git add {names} && git commit{shorter}")


def save(project: Project, kind: str, content: Content, *, new: bool = True, commit: bool) -> Path:
    """Save a definition, commit it if asked to, and return its file."""
    path = define.path_for(project, kind, content)
    message = f"qanat: {kind} {content['name']} {'added' if new else 'changed'}"
    with define.committing(project, [path], message, commit=commit):
        define.save(project, kind, content, new=new)
    return path
