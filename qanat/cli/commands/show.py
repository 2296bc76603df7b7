"""`qanat show`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.curve_table import curve_table
from qanat.cli.runs.looking_up import find_one
from qanat.cli.runs.run_page import run_page
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import say, say_json, width
from qanat.errors import InputInvalid
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs.drawn_curves import drawn_curves
from qanat.usecases.runs.files import metric_problems
from qanat.usecases.tracking.find import Found, read_comment

CURVES_SHOWN = 20
INDENT = 2


@click.command(epilog="\b\nExample:\n  qanat show 4\n  qanat show 4-7f3a9c --json")
@click.argument("run")
@option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def show(run: str, as_json: bool) -> None:
    """Show RUN with its groups, metrics, curves and comment."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    if as_json:
        say_json(found.as_mapping())
        return
    say(run_page(project, found.run, found.retry))
    say("\n".join(reporting.group_lines(found.run)))
    if lines := _curve_lines(project, found):
        say("Curves:")
        say("\n".join(f"{' ' * INDENT}{line}" for line in lines))
    if lines := reporting.failure_lines(project, found.run):
        say("Failures:")
        say("\n".join(lines))
    for problem in metric_problems(project, found):
        say(f"Note: {problem}")
    try:
        comment = read_comment(project, found.run)
    except InputInvalid as error:
        say(f"Note: {error.message}{f' ({error.hint})' if error.hint else ''}")
        return
    if comment:
        say()
        tables.markdown(comment)


def _curve_lines(project: Project, found: Found) -> list[str]:
    groups = range(min(len(found.run.groups), reporting.GROUPS_SHOWN))
    columns = width()
    drawn = drawn_curves(project, found, groups)
    return curve_table(found.run, drawn, most=CURVES_SHOWN, width=columns and columns - INDENT)
