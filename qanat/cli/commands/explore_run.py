"""The page and the menu of one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands import action
from qanat.cli.commands import delete as delete_command
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import editor, prompts, tables
from qanat.cli.terminal.output import clean, plural, say
from qanat.domain.experiment import Action
from qanat.errors import QanatError
from qanat.usecases.project import Project
from qanat.usecases.runs.files import directory_tree, output_files, parameters_files, scheduler_log
from qanat.usecases.tracking.find import Found, comment_path, read_comment

# Keys of the entries; q leaves, and entries beyond the last letter have none.
BACK = "back"
# A menu of more is slow to draw and slow to go through.
GROUPS_LISTED = 100
LETTERS = "abcdefghijklmnoprstuvwxyz"


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the menu: its title, a preview, and what it does, which returns True once the run is deleted."""

    title: str
    preview: str
    perform: Callable[[], bool | None]


def explore_run(project: Project, found: Found) -> None:
    """Show the page and the menu of a run until the user leaves or the run is deleted."""
    shown = ""
    while True:
        # What an entry has printed stays right above the menu: the page comes again only once it has changed.
        if (page := reporting.run_page(found.run)) != shown:
            say(f"\n{page}")
        shown = page
        say()
        entries = _entries(project, found)
        rows = [_row(i, entry) for i, entry in enumerate(entries)]
        question = f"Run {found.run.number} of experiment {found.run.experiment} - Explore menu"
        answer = prompts.menu(question, [*rows, ("[q] Back", "q", "Leave this run")], option="NAME RUN", letters=True)
        if answer == "q":
            return
        try:
            if entries[LETTERS.index(answer) if answer in LETTERS else int(answer)].perform():
                return
        except click.Abort:
            continue
        except QanatError as error:
            say(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
        found = find_one(project, found.run.id)


def _row(place: int, entry: _Entry) -> tuple[str, str, str]:
    """Return title, value and preview of an entry; its value is its key, if it has one."""
    if place < len(LETTERS):
        return f"[{LETTERS[place]}] {entry.title}", LETTERS[place], entry.preview
    return f"    {entry.title}", str(place), entry.preview


def _entries(project: Project, found: Found) -> list[_Entry]:
    several = plural(len(found.run.groups), "group")
    comment = read_comment(project, found.run)
    entries = [
        _Entry("Show output(s)", f"Open stdout of {several} in your pager", lambda: _page_output(found, "stdout.txt")),
        _Entry("Show error(s)", f"Open stderr of {several} in your pager", lambda: _page_output(found, "stderr.txt")),
        _Entry("Show parameters", "Print the parameters of every group", lambda: _say_parameters(found)),
        _Entry("Show comment", _first_line(comment), lambda: _say_comment(project, found)),
        _Entry("Explore run directory", f"Print the files of {found.run.storage}", lambda: _say_tree(found)),
    ]
    if title := _scheduler(found):
        entries.append(
            _Entry(f"Show {title} log(s)", f"Open the log of {title} in your pager", lambda: _page_log(project, found))
        )
    if kept := parameters_files(found):
        names = ", ".join(path.name for path in kept)
        entries.append(_Entry("Show parameters file(s)", f"Open {names} in your pager", lambda: editor.page(kept)))
    entries.append(_Entry("Delete run", "Delete its record and results, after confirmation", lambda: _delete(found)))
    for name, known in _actions(project, found).items():
        what = known.description or " ".join(known.program.command_line())
        entries.append(_Entry(f"Action: {name}", what, lambda name=name: _act(project, found, name)))  # type: ignore[misc]
    return entries


def _scheduler(found: Found) -> str:
    """Return the name of the scheduler of a run; empty for a local run, and if its runner is not installed."""
    try:
        name = found.run.runner.name
        return "" if session.runners().is_in_process(name) else session.runners().title(name)
    except QanatError:
        return ""


def _actions(project: Project, found: Found) -> Mapping[str, Action]:
    """Return the actions of the run's experiment; none if it no longer exists."""
    try:
        return project.experiment(found.run.experiment).actions
    except QanatError:
        return {}


def _first_line(comment: str) -> str:
    return comment.strip().partition("\n")[0] or "No comment yet"


def _page_output(found: Found, name: str) -> None:
    group = _ask_group(found, "Which group?")
    files = output_files(found, name, group)
    if not files:
        say(f"this run has no {name}")
        return
    editor.page(files)


def _page_log(project: Project, found: Found) -> None:
    group = _ask_group(found, "Log of which group?")
    text = scheduler_log(project, found, group, session.runners())
    if not text:
        say("the scheduler has no log of this run")
        return
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        path = Path(folder) / "scheduler.log"
        path.write_text(clean(text, keep_lines=True))
        editor.page([path])


def _ask_group(found: Found, question: str) -> int | None:
    """Ask for a group if a run has several; None means all."""
    if len(found.run.groups) == 1:
        return None
    if len(found.run.groups) > GROUPS_LISTED:
        return _type_group(found, question)
    groups = [(clean(f"group {g.number}: {' '.join(g.args)} ({g.state})"), str(g.number)) for g in found.run.groups]
    answer = prompts.choose(question, [("all", ""), *groups, ("Back", BACK)], option="--group GROUP")
    if answer == BACK:
        raise click.Abort
    return int(answer) if answer else None


def _type_group(found: Found, question: str) -> int | None:
    last = len(found.run.groups) - 1

    def check(answer: str) -> str:
        is_group = answer.isascii() and answer.isdecimal() and int(answer[:9]) <= last
        return "" if is_group or not answer else f"type a number from 0 to {last}, or nothing for all groups"

    answer = prompts.text(f"{question} (0 to {last}, empty for all)", option="--group GROUP", check=check)
    return int(answer) if answer else None


def _say_parameters(found: Found) -> None:
    say(reporting.parameters_text(found.run))


def _say_comment(project: Project, found: Found) -> None:
    comment = read_comment(project, found.run)
    if comment:
        tables.markdown(comment)
    else:
        say(f"no comment yet; write one with: qanat comment {found.run.number} ({comment_path(found.run)})")


def _say_tree(found: Found) -> None:
    say("\n".join(directory_tree(found.folder)))
    name = prompts.path("File to open in your pager (empty for none):", option="qanat logs RUN")
    path = Path(name) if Path(name).is_absolute() else found.folder / name
    if name and path.is_file():
        editor.page([path])
    elif name:
        say(f"{name} is not a file of this run")


def _delete(found: Found) -> bool:
    """Delete the run, as `qanat delete` does."""
    click.get_current_context().invoke(delete_command.delete, runs=(found.run.id,), yes=False, cancel_first=False)
    return True


def _act(project: Project, found: Found, name: str) -> None:
    group = _ask_group(found, "On which group?")
    typed = prompts.text("Arguments (empty for none):", option="qanat action NAME ACTION RUN ARGS...")
    action.perform(project, found, name, group, action.arguments_from(typed))
