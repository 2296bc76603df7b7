"""`qanat explore`, also available as `qanat experiment run-explore`: search runs, then inspect one."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.commands.explore_run import explore_run
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import clean, plural, say, width
from qanat.cli.terminal.run_table import run_table
from qanat.domain import search
from qanat.domain.run import Run, State
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
LEAVE, ADD, RESET = "leave", "add", "reset"
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
    while True:
        with refreshed(project, session.runners()) as (index, result):
            reporting.tell_notes([*result.notes, *listing.shortened(index.unreadable(experiment))])
            runs = listing.current_runs(project, index, result, experiment=experiment)
            found = [(row, run) for row, run in runs if all(c.meets(run) for c in conditions)]
            lines = [listing.line_of(row, result, project.root) for row, _ in found[:SHOWN]]
        _show(lines, len(found), conditions)
        answer = _choose([run for _, run in found[:SHOWN]], conditions)
        if answer == LEAVE:
            return
        if answer == ADD:
            with contextlib.suppress(click.Abort):
                conditions += _ask_condition()
        elif answer == RESET:
            conditions = []
        else:
            explore_run(project, find_one(project, answer))


def _show(lines: list[RunLine], total: int, conditions: list[Condition]) -> None:
    filters = f" with {', '.join(c.text for c in conditions)}" if conditions else ""
    say(f"\n{plural(total, 'run')}{filters}")
    for line in run_table(lines, width()):
        say(line)
    if total > len(lines):
        say(f"… and {total - len(lines):,} more; add a filter to find them")


def _choose(runs: list[Run], conditions: list[Condition]) -> str:
    entries = [("Add a filter", ADD, "Narrow the list by tag, state, parameter, …")]
    if conditions:
        entries.append(("Reset the filters", RESET, "Show all runs again"))
    counts = Counter(run.number for run in runs)
    entries += [
        (f"Run {run.number if counts[run.number] == 1 else run.id} of {run.experiment}", run.id, _preview(run))
        for run in runs
    ]
    entries.append(("Leave", LEAVE, "Back to the shell"))
    return prompts.menu("Which run?", entries, option="NAME RUN")


def _preview(run: Run) -> str:
    return clean(", ".join(filter(None, (run.state.value, run.description, *run.tags, " ".join(run.requested.args)))))


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
