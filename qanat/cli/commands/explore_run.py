"""The page and the menu of one run."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands import action
from qanat.cli.commands import comment as comment_command
from qanat.cli.commands import delete as delete_command
from qanat.cli.commands import retry as retry_command
from qanat.cli.commands import tag as tag_command
from qanat.cli.runs import reporting
from qanat.cli.runs.curve_table import curve_table
from qanat.cli.runs.looking_up import find_one
from qanat.cli.runs.run_page import run_page
from qanat.cli.terminal import editor, picker, prompts, tables
from qanat.cli.terminal.output import clean, listed, plural, say
from qanat.cli.terminal.selection import Row, Rows
from qanat.domain.experiment import Action
from qanat.domain.run import Group, State
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid, QanatError
from qanat.usecases.project import Project
from qanat.usecases.runs.drawn_curves import drawn_curves
from qanat.usecases.runs.failures import failures
from qanat.usecases.runs.files import output_files, parameters_files, relative_files, scheduler_log
from qanat.usecases.tracking.find import Found, comment_path, read_comment

BACK = "back"
# Keys of the actions, of which those beyond the last have none. Other entries have the same letter for every run.
ACTION_KEYS = "hijklnosuvxyz"
# What a pager is given at most: its command line has room for more, but nobody reads it.
PAGED_MAX = 1_000
FILES_MAX = 20_000
GROUP_MAX = 400
# What is printed above the menu of a run may take the rows that it leaves.
MENU_ROWS = 20
METRICS_NAMED = 5
CURVES_MAX = 1_000
NO_METRICS = "no metrics yet: a program writes them to metrics.json or metrics.jsonl in its storage directory"


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the menu: key, title, a preview, and what it does, which returns True once the run is deleted."""

    key: str
    title: str
    preview: str
    perform: Callable[[], bool | None]


def explore_run(project: Project, found: Found) -> None:
    """Show the page and the menu of a run until the user leaves or the run is deleted."""
    shown = ""
    while True:
        # What an entry has printed stays right above the menu: the page comes again only once it has changed.
        if (page := run_page(project, found.run, found.retry)) != shown:
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
        title = f"[{entry.key}] {entry.title}" if entry.key else f"    {entry.title}"
        rows.append(Row(title, str(place), entry.preview, key=entry.key))
    question = f"Run {found.run.number} of experiment {found.run.experiment} - Explore menu"
    try:
        return picker.menu(question, [*rows, Row("[q] Back", BACK, "Leave this run", key="q")], option="NAME RUN")
    except click.Abort:
        return BACK


def _entries(project: Project, found: Found) -> list[_Entry]:
    return [*_views(project, found), *_changes(project, found), *_action_entries(project, found)]


def _views(project: Project, found: Found) -> list[_Entry]:
    """List the entries that show something."""
    several = plural(len(found.run.groups), "group")
    out, err = (lambda: _page_output(found, "stdout.txt")), (lambda: _page_output(found, "stderr.txt"))
    entries = [
        _Entry("a", "Show output(s)", f"Open stdout of {several} in your pager", out),
        _Entry("b", "Show error(s)", _errors_preview(project, found), err),
        _Entry("c", "Show parameters", "Print the parameters of every group", lambda: _show_parameters(found)),
        _Entry("m", "Show metrics", _metrics_preview(found), lambda: _show_metrics(project, found)),
        _Entry("d", "Show comment", _first_line(project, found), lambda: _say_comment(project, found)),
        _Entry("e", "Explore run directory", f"Open files of {found.run.storage}", lambda: _explore_files(found)),
    ]
    if title := _scheduler(found):
        what = f"Open the log of {title} in your pager"
        entries.append(_Entry("f", f"Show {title} log(s)", what, lambda: _page_log(project, found)))
    if kept := parameters_files(found):
        names = ", ".join(path.name for path in kept)
        entries.append(_Entry("p", "Show parameters file(s)", f"Open {names} in your pager", lambda: editor.page(kept)))
    return entries


def _changes(project: Project, found: Found) -> list[_Entry]:
    """List the entries that change the run."""
    tags = f"Tags: {', '.join(found.run.tags) or 'none'}"
    entries = [
        _Entry("t", "Add tag(s)", tags, lambda: _tag(found)),
        _Entry("w", "Write comment", "Write or change it in your editor", lambda: _comment(found)),
    ]
    if again := _retriable(found):
        what = f"{plural(again, 'group')} that failed, {'was' if again == 1 else 'were'} cancelled or lost"
        entries.append(_Entry("r", "Retry failed groups", what, lambda: _retry(found, again)))
    return [
        *entries,
        _Entry("g", "Delete run", "Delete its record and results, after confirmation", lambda: _delete(found)),
    ]


def _action_entries(project: Project, found: Found) -> list[_Entry]:
    entries = []
    for place, (name, known) in enumerate(_actions(project, found).items()):
        what = known.description or " ".join(known.program.command_line())
        act = partial(_act, project, found, name)
        entries.append(_Entry(ACTION_KEYS[place : place + 1], f"Action: {name}", what, act))
    return entries


def _retriable(found: Found) -> int:
    """Return how many groups a retry would choose."""
    if not found.run.state.ended:
        return 0
    return sum(group.state is not State.FINISHED for group in found.run.groups)


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


def _metrics_preview(found: Found) -> str:
    names = dict.fromkeys(name for group in found.run.groups for name in group.metrics)
    return f"Print {listed([*names], METRICS_NAMED)} of every group" if names else "No metrics yet"


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
    _print_or_page(reporting.parameters_text(found.run), "parameters.txt")


def _show_metrics(project: Project, found: Found) -> None:
    """Print the metrics of every group, and its curves."""
    run, columns = found.run, os.get_terminal_size(sys.stdout.fileno()).columns
    curves = drawn_curves(project, found, range(len(run.groups)))
    table = curve_table(run, curves, most=CURVES_MAX, width=columns)
    text = "\n\n".join(filter(None, (reporting.metrics_text(run), "\n".join(table))))
    _print_or_page(text or NO_METRICS, "metrics.txt")


def _print_or_page(text: str, name: str) -> None:
    """Print a text, or open it in the pager if it would scroll away."""
    # $LINES would not follow a change of the terminal's size.
    if text.count("\n") + MENU_ROWS < os.get_terminal_size(sys.stdout.fileno()).lines:
        say(text)
    else:
        _page_text(text, name)


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
        is_there = os.path.isdir(found.folder)  # noqa: PTH112  # Path.is_dir raises for a name that is too long
        say(f"{found.run.storage} {'is empty' if is_there else 'does not exist'}")
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


def _tag(found: Found) -> None:
    """Add tags, as `qanat tag` does."""
    question = "Tags to add, separated by spaces (empty for none):"
    number = found.run.number
    if tags := action.arguments_from(prompts.text(question, option=f"qanat tag {number} add TAG...")):
        click.get_current_context().invoke(tag_command.tag, run=found.run.id, what="add", tags=tuple(tags))


def _comment(found: Found) -> None:
    """Write the comment in the editor, as `qanat comment` does."""
    click.get_current_context().invoke(comment_command.comment, run=found.run.id)


def _retry(found: Found, again: int) -> None:
    """Retry what failed, as `qanat retry` does."""
    number = found.run.number
    if prompts.confirm(f"Retry {plural(again, 'group')} of run {number}?", option=f"qanat retry {number}"):
        click.get_current_context().invoke(retry_command.retry, run=found.run.id)


def _delete(found: Found) -> bool:
    """Delete the run, as `qanat delete` does."""
    click.get_current_context().invoke(delete_command.delete, runs=(found.run.id,), yes=False, cancel_first=False)
    return True


def _act(project: Project, found: Found, name: str) -> None:
    group = _ask_group(found, "On which group?")
    where = "" if group is None else f" for group {group}"
    typed = prompts.text(f"Arguments{where} (empty for none):", option="qanat action NAME ACTION RUN ARGS...")
    action.perform(project, found, name, group, action.arguments_from(typed))
