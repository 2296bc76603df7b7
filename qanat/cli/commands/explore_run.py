"""The page and the menu of one run."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands import action
from qanat.cli.commands import delete as delete_command
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import editor, picker, prompts, tables
from qanat.cli.terminal.output import clean, plural, say
from qanat.cli.terminal.selection import Row, Rows
from qanat.domain.experiment import Action
from qanat.domain.run import Group
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid, QanatError
from qanat.usecases.project import Project
from qanat.usecases.runs.failures import failures
from qanat.usecases.runs.files import output_files, parameters_files, relative_files, scheduler_log
from qanat.usecases.tracking.find import Found, comment_path, read_comment

BACK = "back"
# Keys of the entries; q goes back, and entries beyond the last letter have none.
LETTERS = "abcdefghijklmnoprstuvwxyz"
# What a pager is given at most: its command line has room for more, but nobody reads it.
PAGED_MAX = 1_000
FILES_MAX = 20_000
GROUP_MAX = 400
# What is printed above the menu of a run may take the rows that it leaves.
MENU_ROWS = 15


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
        try:
            answer = _choose(found, entries)
            if answer == BACK or entries[int(answer)].perform():
                return
        except click.Abort:
            continue
        except QanatError as error:
            say(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
        found = find_one(project, found.run.id)


def _choose(found: Found, entries: Sequence[_Entry]) -> str:
    """Return the place of an entry, or that the user goes back."""
    rows = []
    for place, entry in enumerate(entries):
        key = LETTERS[place] if place < len(LETTERS) else ""
        rows.append(Row(f"[{key}] {entry.title}" if key else f"    {entry.title}", str(place), entry.preview, key=key))
    question = f"Run {found.run.number} of experiment {found.run.experiment} - Explore menu"
    try:
        return picker.menu(question, [*rows, Row("[q] Back", BACK, "Leave this run", key="q")], option="NAME RUN")
    except click.Abort:
        return BACK


def _entries(project: Project, found: Found) -> list[_Entry]:
    several = plural(len(found.run.groups), "group")
    entries = [
        _Entry("Show output(s)", f"Open stdout of {several} in your pager", lambda: _page_output(found, "stdout.txt")),
        _Entry("Show error(s)", _errors_preview(project, found), lambda: _page_output(found, "stderr.txt")),
        _Entry("Show parameters", "Print the parameters of every group", lambda: _show_parameters(found)),
        _Entry("Show comment", _first_line(project, found), lambda: _say_comment(project, found)),
        _Entry("Explore run directory", f"Open files of {found.run.storage}", lambda: _explore_files(found)),
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


def _first_line(project: Project, found: Found) -> str:
    try:
        return read_comment(project, found.run).strip().partition("\n")[0] or "No comment yet"
    except InputInvalid as error:
        return error.message


def _errors_preview(project: Project, found: Found) -> str:
    """Return what the most frequent failure said, or what the entry does if nothing has failed."""
    for failure in failures(project, found.run)[:1]:
        return f"{plural(len(failure.groups), 'group')} failed: {failure.said}"
    return f"Open stderr of {plural(len(found.run.groups), 'group')} in your pager"


def _page_output(found: Found, name: str) -> None:
    group = _ask_group(found, "Which group?")
    paths = output_files(found, name, group)
    if not paths:
        say(f"{'this run' if group is None else f'group {group}'} wrote no {name}")
        return
    editor.page(paths[:PAGED_MAX])
    if len(paths) > PAGED_MAX:
        say(f"those were the first {PAGED_MAX:,} of {len(paths):,} files; choose a group to see another one")


def _page_log(project: Project, found: Found) -> None:
    group = _ask_group(found, "Log of which group?")
    text = scheduler_log(project, found, group, session.runners())
    if text:
        _page_text(text, "scheduler.log")
    else:
        title = session.runners().title(found.run.runner.name)
        say(f"{title} has no log of these jobs, or no longer has it")


def _page_text(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        path = Path(folder) / name
        path.write_text(clean(text, keep_lines=True))
        editor.page([path])


def _ask_group(found: Found, question: str) -> int | None:
    """Ask for a group if a run has several; None means all."""
    if len(found.run.groups) == 1:
        return None
    rows = [Row("all", ""), *map(_group_row, found.run.groups), Row("Back", BACK)]
    answer = picker.choose(question, Rows(rows), option="--group GROUP")
    if answer == BACK:
        raise click.Abort
    return int(answer) if answer else None


def _group_row(group: Group) -> Row:
    title = shortened(f"group {group.number}: {' '.join(group.args)}", GROUP_MAX)
    title = f"{title} ({group.state})"
    return Row(title, str(group.number), text=f"{group.number} {title}".lower())


def _show_parameters(found: Found) -> None:
    """Print the parameters, or open them in the pager if they would scroll away."""
    text = reporting.parameters_text(found.run)
    # $LINES would not follow a change of the terminal's size.
    if text.count("\n") + MENU_ROWS < os.get_terminal_size(sys.stdout.fileno()).lines:
        say(text)
    else:
        _page_text(text, "parameters.txt")


def _say_comment(project: Project, found: Found) -> None:
    comment = read_comment(project, found.run)
    if comment:
        tables.markdown(comment)
    else:
        say(f"no comment yet; write one with: qanat comment {found.run.number} ({comment_path(found.run)})")


def _explore_files(found: Found) -> None:
    """Let the user open one file after the other."""
    names = list(islice(relative_files(found.folder), FILES_MAX))
    if not names:
        say(f"{found.run.storage} is empty" if found.folder.is_dir() else f"{found.run.storage} does not exist")
        return
    more = ", of which these are the first" if len(names) == FILES_MAX else ""
    question = f"{plural(len(names), 'file')}{more}. Which file?"
    start = 0
    while True:
        rows = [Row(name, str(place), text=name.lower()) for place, name in enumerate(names)]
        answer = picker.choose(question, Rows([*rows, Row("Back", BACK)], start=start), option="qanat logs RUN")
        if answer == BACK:
            return
        start = int(answer)
        editor.page([found.folder / names[start]])


def _delete(found: Found) -> bool:
    """Delete the run, as `qanat delete` does."""
    click.get_current_context().invoke(delete_command.delete, runs=(found.run.id,), yes=False, cancel_first=False)
    return True


def _act(project: Project, found: Found, name: str) -> None:
    group = _ask_group(found, "On which group?")
    where = "" if group is None else f" for group {group}"
    typed = prompts.text(f"Arguments{where} (empty for none):", option="qanat action NAME ACTION RUN ARGS...")
    action.perform(project, found, name, group, action.arguments_from(typed))
