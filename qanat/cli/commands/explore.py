"""`qanat explore`, also available as `qanat experiment run-explore`: search runs, then inspect one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands.explore_run import explore_run
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one, no_runs_yet
from qanat.cli.terminal import picker, prompts
from qanat.cli.terminal.output import plural, say, width
from qanat.cli.terminal.run_table import pairs, run_table
from qanat.cli.terminal.selection import Row, Rows, Selection
from qanat.domain import condition
from qanat.domain.columns import RunSummary
from qanat.domain.run import State
from qanat.errors import QanatError, UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import listing

# Beyond the first ones, runs are read once they are asked for, by moving or typing; beyond the last, by a filter.
LOADED_FIRST = 200
LOADED_MAX = 20_000
SEARCH = "search:"
EXAMPLE = """\b
Example:
  qanat explore
  qanat explore summary_iris
  qanat explore summary_iris 4"""
FILTERS = (
    ("A condition, such as lr<0.01 or metric.acc>0.9", ""),
    ("Tag", "tag="),
    ("Description", "text:"),
    ("State", "state="),
    ("Runner", "runner="),
    ("Commit", "commit="),
    ("Launched on or after a date", "date>="),
    ("Launched before a date", "date<"),
)


@click.command(epilog=EXAMPLE)
@click.argument("name", required=False)
@click.argument("run", required=False)
def explore(name: str | None, run: str | None) -> None:
    """Search runs by tag, description, state, runner, commit, date and parameters, and inspect them.

    Type to narrow the list to the runs that contain what you type, or to search the records for a condition, such as
    lr<0.01 or tag=paper. q and Esc go back.
    """
    prompts.need_terminal("qanat status, qanat show RUN or qanat logs RUN")
    project = open_project(Path.cwd())
    # Ctrl-C is a normal way to leave.
    with contextlib.suppress(click.Abort):
        if run is not None:
            explore_run(project, find_one(project, run, experiment=name))
            return
        if name is not None:
            project.experiment(name)
        _search(project, name)


def _search(project: Project, experiment: str | None) -> None:
    conditions: list[str] = []
    last = typed = ""
    while True:
        try:
            rows, total = _load(project, experiment, conditions, last)
        except UsageError as error:
            if not conditions:
                raise
            say(f"{error.message}; {error.hint}")
            conditions.pop()  # there were runs for the others
            continue
        if not total and not conditions:
            say(no_runs_yet(project, experiment))
            return
        selection = Selection(rows, typed=typed, value=last)
        answer = _choose(selection, total, conditions)
        typed = ""
        if answer == "leave":
            return
        if answer == "reset":
            conditions = []
        elif answer == "add":
            with contextlib.suppress(click.Abort):
                conditions += _ask_condition()
        elif answer.startswith(SEARCH):
            conditions += _parse(answer.removeprefix(SEARCH))
        else:
            last, typed = answer, selection.typed
            try:
                explore_run(project, find_one(project, answer))
            except QanatError as error:  # such as for a run that was deleted meanwhile
                say(f"{error.message}{f' ({error.hint})' if error.hint else ''}")


def _choose(rows: Selection, total: int, conditions: Sequence[str]) -> str:
    """Return the id of a run, or what else is to be done."""
    filters = f" with {', '.join(conditions)}" if conditions else ""
    try:
        return picker.choose(f"{plural(total, 'run')}{filters}. Which run?", rows, option="NAME RUN")
    except click.Abort:
        return "leave"


def _load(
    project: Project, experiment: str | None, conditions: Sequence[str], last: str, *, most: int = LOADED_FIRST
) -> tuple[Rows, int]:
    """Return the newest runs as rows, with the cursor at the one that was chosen last, and how many runs there are."""
    with refreshed(project, session.runners()) as (index, result):
        if most == LOADED_FIRST:
            reporting.tell_notes([*result.notes, *listing.shortened(index.unreadable(experiment))])
        wanted = condition.parse_all(conditions)
        lines, total = listing.find_runs(project, index, result, wanted, experiment=experiment, newest=most)
    entries = [Row("Add a filter", "add", "Narrow the list by tag, state, parameter, …")]
    if conditions:
        entries.append(Row("Reset the filters", "reset", "Show all runs again"))
    headings, *cells = run_table(lines, (width() or 80) - len(picker.POINTER)) if lines else ("",)
    runs = [_row(line.summary, cell) for line, cell in zip(lines, cells, strict=True)]
    if last and most == LOADED_FIRST < total and all(row.value != last for row in runs):
        return _load(project, experiment, conditions, last, most=LOADED_MAX)
    place = next((i for i, row in enumerate(runs) if row.value == last), 0) if runs else -1
    older = [Row(f"… and {plural(total - len(lines), 'older run')}", "add", "Add a filter to find them")]
    return Rows(
        [*entries, *runs, *(older if total > len(lines) else []), Row("Leave", "leave", "Back to the shell")],
        heading=headings,
        total=total,
        start=len(entries) + place,
        load_all=partial(_load_all, project, experiment, conditions, last)
        if len(lines) == LOADED_FIRST < total
        else None,
        beyond=lambda typed: Row(f"Search all records for {typed}", f"{SEARCH}{typed}", "As with: Add a filter"),
    ), total


def _load_all(project: Project, experiment: str | None, conditions: Sequence[str], last: str) -> Rows:
    return _load(project, experiment, conditions, last, most=LOADED_MAX)[0]


def _row(run: RunSummary, cells: str) -> Row:
    """Return the row of a run: its preview is what the cells of the table do not show."""
    known = (run.state, run.description, *json.loads(run.tags), pairs(json.loads(run.parameters)))
    preview = ", ".join(filter(None, known))
    names = f"{run.id} {run.experiment} {run.runner} {run.storage}"
    return Row(cells, run.id, preview, text=f"{run.number} {names} {cells} {preview}".lower())


def _ask_condition() -> list[str]:
    """Ask for one condition; return none, after an error message, if the answer cannot be parsed."""
    field = picker.menu("Filter by:", [Row(title, value) for title, value in FILTERS], option="NAME RUN")
    if field == "state=":
        value = picker.menu("State:", [Row(s.value, s.value) for s in State], option="NAME RUN")
    else:
        value = prompts.text("Value:" if field else "Condition:", option="NAME RUN", check=_not_empty).strip()
    return _parse(f"{field}{condition.quoted_if_needed(value)}" if field else value)


def _parse(text: str) -> list[str]:
    try:
        condition.parse(text)
    except UsageError as error:
        say(f"{error.message}; {error.hint}")
        return []
    return [text]


def _not_empty(answer: str) -> str:
    return "" if answer else "enter something, or press Esc to go back"
