"""`qanat explore`, also available as `qanat experiment run-explore`: search runs, then inspect one."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands.explore_run import explore_run
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import prompts, tables
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import clean, plural, say, width
from qanat.cli.terminal.run_table import pairs, run_table, varying_parameters
from qanat.domain import search
from qanat.domain.columns import RunSummary
from qanat.domain.run import State
from qanat.domain.search import Condition
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import listing
from qanat.usecases.runs.listing import RunLine
from qanat.usecases.tracking.refresh import refreshed

SHOWN = 15
EXAMPLE = """\b
Example:
  qanat explore
  qanat explore summary_iris
  qanat explore summary_iris 4"""
FILTERS = (
    ("A parameter, such as --lr=0.1 or lr<0.01", ""),
    ("Tag", "tag"),
    ("Description", "text"),
    ("State", "state"),
    ("Runner", "runner"),
    ("Commit", "commit"),
    ("Launched on or after a date", "after"),
    ("Launched before a date", "before"),
)


@click.command(epilog=EXAMPLE)
@click.argument("name", required=False)
@click.argument("run", required=False)
def explore(name: str | None, run: str | None) -> None:
    """Search runs by tag, description, state, runner, commit, date and parameters, and inspect them."""
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
    conditions: list[Condition] = []
    newest = SHOWN
    while True:
        with refreshed(project, session.runners()) as (index, result):
            reporting.tell_notes([*result.notes, *listing.shortened(index.unreadable(experiment))])
            lines, total = listing.find_runs(project, index, result, conditions, experiment=experiment, newest=newest)
        _show(lines, total, conditions)
        match _choose(lines, total, conditions):
            case "leave":
                return
            case "add":
                with contextlib.suppress(click.Abort):
                    conditions += _ask_condition()
            case "reset":
                conditions = []
            case "more":
                newest += SHOWN
            case run:
                explore_run(project, find_one(project, run))


def _show(lines: list[RunLine], total: int, conditions: list[Condition]) -> None:
    filters = f" with {', '.join(c.text for c in conditions)}" if conditions else ""
    say(f"\n{plural(total, 'run')}{filters}")
    for line in run_table(lines, width()):
        say(line)
    if total > len(lines):
        say(f"… and {total - len(lines):,} more; add a filter to find them")


def _choose(lines: Sequence[RunLine], total: int, conditions: Sequence[Condition]) -> str:
    """Return the id of a run, or what else is to be done."""
    entries = [("Add a filter", "add", "Narrow the list by tag, state, parameter, …")]
    if conditions:
        entries.append(("Reset the filters", "reset", "Show all runs again"))
    entries += _run_entries([line.summary for line in lines])
    if total > len(lines):
        entries.append((f"Show {min(SHOWN, total - len(lines))} more", "more", "List older runs, too"))
    entries.append(("Leave", "leave", "Back to the shell"))
    try:
        return prompts.menu("Which run?", entries, option="NAME RUN")
    except click.Abort:
        return "leave"


def _run_entries(runs: Sequence[RunSummary]) -> list[tuple[str, str, str]]:
    """Return the entries of runs: what tells each apart from the others in its title, what else is known below."""
    counts = Counter(run.number for run in runs)
    instead = varying_parameters(runs)
    entries = []
    for run in runs:
        apart = run.description or instead.get(run.path, "")
        title = f"Run {run.number if counts[run.number] == 1 else run.id} of {run.experiment}"
        title = clean("  ".join(filter(None, (f"{title}  {MARKS[State(run.state)]}", apart))))
        known = (run.state, run.description, *json.loads(run.tags), pairs(json.loads(run.parameters)))
        preview = clean(", ".join(filter(None, known)))
        entries.append((tables.cut(title, (width() or 80) - 4), run.id, tables.cut(preview, (width() or 80) - 4)))
    return entries


def _ask_condition() -> list[Condition]:
    """Ask for one condition; return none, after an error message, if the answer cannot be parsed."""
    field = prompts.choose("Filter by:", FILTERS, option="NAME RUN")
    if field == "state":
        value = prompts.choose("State:", [(s.value, s.value) for s in State], option="NAME RUN")
    else:
        value = prompts.text("Value:" if field else "Condition:", option="NAME RUN", check=_not_empty)
    try:
        return [search.parse(f"{field}:{value}" if field else value)]
    except UsageError as error:
        say(f"{error.message}; {error.hint}")
        return []


def _not_empty(answer: str) -> str:
    return "" if answer else "type something, or press Ctrl-C to leave"
