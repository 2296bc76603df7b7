"""`qanat runs`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, columns_option, option, refuse_together, split_names, where_option
from qanat.cli.runs import row_table
from qanat.cli.runs.definition_warnings import warn_of_unreadable
from qanat.cli.terminal.output import say, say_json_list, say_whole, tell, tell_note, width
from qanat.domain import condition
from qanat.domain.json_text import to_json
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import open_project
from qanat.usecases.runs import listing, plain_rows, rows
from qanat.usecases.runs.rows import Table, TableRequest

SHOWN = 50
ROWS, OUTPUT = "Rows and columns", "Output"
EXAMPLE = """\b
Example:
  qanat runs
  qanat runs train --sort -acc --top 10
  qanat runs --where 'lr<0.01 and metric.acc>0.9 or tag=paper'
  qanat runs --groups --where 'state=finished and date>=2026-11' --csv >groups.csv
  qanat runs train --groups --columns 'lr,seed,metric.*' --format latex

A condition compares parameters, metric.NAME, state, tag, runner, date, duration, commit, author, description and
others, and is combined with and, or, not and parentheses: see docs/tables.md."""


@click.command(cls=Command, epilog=EXAMPLE)
@click.argument("name", required=False, metavar="[EXPERIMENT]")
@option("--groups", "by_group", group=ROWS, is_flag=True, help="Show a row for each group instead of each run.")
@where_option("Show only what meets this condition, such as 'lr<0.01 and metric.acc>0.9'", group=ROWS)
@option(
    "--sort",
    group=ROWS,
    multiple=True,
    metavar="[-]NAME",
    help="Sort by a parameter, metric or other column, with - the greatest first; may be repeated.",
)
@option("--top", group=ROWS, type=click.IntRange(1), metavar="N", help="Show only the first N rows.")
@option("--all", "everything", group=ROWS, is_flag=True, help=f"Show all rows, and not only {SHOWN}.")
@columns_option(group=ROWS)
@option(
    "--format",
    "form",
    group=OUTPUT,
    type=click.Choice(["text", "markdown", "latex"]),
    default="text",
    show_default=True,
    help="Format of the table.",
)
@option("--json", "as_json", group=OUTPUT, is_flag=True, help="Print JSON.")
@option("--csv", "as_csv", group=OUTPUT, is_flag=True, help="Print CSV.")
def runs(
    name: str | None,
    by_group: bool,
    where: tuple[str, ...],
    sort: tuple[str, ...],
    top: int | None,
    everything: bool,
    columns: tuple[str, ...],
    form: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show runs in a table, with the parameters in which they differ, and their metrics.

    The newest run comes first. A run with several groups shows the values of all of them, and meets a condition if one
    of its groups does.
    """
    refuse_together({"--json": ("--csv", "--format"), "--csv": ("--format",)})
    wanted = condition.parse_all(where)
    chosen = split_names(columns)
    is_page = form == "text" and not as_json and not as_csv
    most = top if top or everything or not is_page else SHOWN
    request = TableRequest(
        wanted,
        name,
        by_group,
        sort,
        most,
        chosen,
        with_shared=is_page and bool(where or top),
        with_titles=form != "text",
    )
    project = open_project(Path.cwd())
    with refreshed(project, session.runners()) as (index, result):
        for note in [*result.notes, *listing.shortened(index.unreadable(name))]:
            tell_note(note)
        found = rows.table(project, index, result, request)
        if request.with_titles:
            warn_of_unreadable(project, (row.run.experiment for row in found.rows))
    if as_json:
        say_json_list(map(to_json, plain_rows.as_mappings(found)))
    elif as_csv:
        say_whole(plain_rows.as_csv(found))
    elif not found.rows:
        from qanat.cli.runs.looking_up import no_runs_yet  # only needed here

        tell(f"no {'group' if by_group else 'run'} meets the condition" if where else no_runs_yet(project, name))
    elif is_page:
        _show(found, limited=top is None)
    else:
        say_whole(row_table.as_latex(found) if form == "latex" else row_table.as_markdown(found))


def _show(found: Table, *, limited: bool) -> None:
    say(row_table.as_text(found, width()))
    more = found.total - len(found.rows)
    if more and limited:
        say(f"… and {more:,} more; --all shows them")
