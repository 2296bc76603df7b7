"""`qanat metrics`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import click

from qanat.cli.options import option, refuse_together
from qanat.cli.runs import reporting
from qanat.cli.runs.curve_output import CsvOutput, CurveOutput, JsonOutput, Layout, TextOutput
from qanat.cli.runs.definition_warnings import warn_of_unreadable
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.output import plural, say, tell, width
from qanat.domain.few_rows import LastRows, Thinned
from qanat.domain.series_rows import Row
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs.curves import RunCurves
from qanat.usecases.tracking.find import Found, check_group, is_active

POLL_S = 1.0
GROUPS_SHOWN = 20
ROWS_SHOWN = 20
ROWS_SHOWN_OF_EACH = 5
NO_CURVES = "no curves: a program writes a line of numbers for each step to metrics.jsonl or metrics.csv"
EXAMPLE = """\b
Example:
  qanat metrics 4
  qanat metrics 4 loss 'val.*' --follow
  qanat metrics 4 --group 3 --tail 10
  qanat metrics 4 --csv > curves.csv

A program writes a line of numbers for each step to metrics.jsonl or metrics.csv in its storage directory, such as with
qanat.log_metrics(step=1, loss=0.5): see docs/curves.md."""


@click.command(epilog=EXAMPLE)
@click.argument("run")
@click.argument("curves", nargs=-1, metavar="[NAME]...")
@option("-f", "--follow", is_flag=True, help="Print values as they are written, until the run ends.")
@option("-n", "--tail", type=click.IntRange(1), metavar="N", help="Print only the last N steps of each group.")
@option("--group", type=click.IntRange(0), metavar="GROUP", help="Print only the curves of this group.")
@option("--csv", "as_csv", is_flag=True, help="Print every step as CSV.")
@option("--json", "as_json", is_flag=True, help="Print every step as JSON, each on a line of its own.")
def metrics(
    run: str, curves: tuple[str, ...], follow: bool, tail: int | None, group: int | None, as_csv: bool, as_json: bool
) -> None:
    """Print the curves of RUN, step by step: all of them, or those called NAME.

    A NAME may be a pattern such as 'val.*'. The table shows a few steps of a long curve; CSV and JSON have all of them.
    """
    refuse_together({"--json": ("--csv",)})
    project = open_project(Path.cwd())
    found = find_one(project, run)
    warn_of_unreadable(project, [found.run.experiment])
    numbers = range(len(found.run.groups)) if group is None else [check_group(found, group)]
    output = CsvOutput() if as_csv else JsonOutput() if as_json else None
    read = RunCurves(project, found, numbers if follow or output else numbers[:GROUPS_SHOWN], curves)
    if follow:
        _follow(project, found, read, output or TextOutput(width(), several=len(numbers) > 1), tail)
    elif output:
        _print_all(read, output, tail)
    else:
        _print_tables(found, read, tail)
    if more := len(numbers) - len(read.groups):
        say(f"… and {plural(more, 'more group')}; choose one with --group, or all with --csv")
    reporting.tell_notes(read.problems())


def _names(read: RunCurves) -> list[str]:
    """Return the names of the curves; without any, say why."""
    names = read.names()
    _check(read, has_names=bool(names))
    return names


def _check(read: RunCurves, *, has_names: bool) -> None:
    """Raise UsageError for a name that no curve has; say why there are no curves at all."""
    read.check_names()
    if not has_names:
        tell(f"note: {NO_CURVES}")


def _print_all(read: RunCurves, output: CurveOutput, tail: int | None) -> None:
    """Print every step of every group."""
    output.begin(_names(read))
    for number in read.groups:
        output.add(number, _last(read.rows(number), tail))
    output.end()


def _print_tables(found: Found, read: RunCurves, tail: int | None) -> None:
    """Print a table for each group that has curves."""
    most = ROWS_SHOWN if len(read.groups) == 1 else ROWS_SHOWN_OF_EACH
    new: Callable[[], Thinned | LastRows] = partial(Thinned, most) if tail is None else partial(LastRows, tail)
    tables = {number: table for number, table in read.few_rows(new).items() if read.names_of(number)}
    _check(read, has_names=bool(tables))
    for number, table in tables.items():
        title = [reporting.group_title(found.run.groups[number])] if len(found.run.groups) > 1 else []
        say("\n".join([*title, *_table(read.names_of(number), table)]))


def _table(names: Sequence[str], table: Thinned | LastRows) -> list[str]:
    """Return the lines of a table with a few rows."""
    layout = Layout(names, width())
    lines = [layout.heading, *map(layout.line, table.rows()), *layout.notes]
    if isinstance(table, Thinned) and table.each > 1:
        lines.append(f"… {table.count:,} steps, the newest values of every {table.each:,}; --csv has all")
    return lines


def _follow(project: Project, found: Found, read: RunCurves, output: CurveOutput, tail: int | None) -> None:
    """Print what is there, and then what is written, until the run has ended."""
    has_begun = False
    while True:
        if not has_begun and (names := read.names()):
            output.begin(names)
            has_begun = True
        for number, rows in read.new_rows() if has_begun else ():
            output.add(number, _last(rows, tail))
        if has_begun:
            tail = None
        else:
            _tell_what_is_missing(read)
        if not is_active(found.run):
            break
        time.sleep(POLL_S)
        found = find_one(project, found.run.id)
        read.update(found)
    output.end()
    if not has_begun:
        _names(read)
    read.check_names()


def _tell_what_is_missing(read: RunCurves) -> None:
    """Note which name no curve has yet: it may be misspelt, or its first value may still come."""
    try:
        read.check_names()
    except UsageError as error:
        reporting.tell_notes([f"{error.message} yet ({error.hint})"])


def _last(rows: Iterable[Row], count: int | None) -> Iterable[Row]:
    """Return the last rows, or all of them."""
    return rows if count is None else deque(rows, maxlen=count)
