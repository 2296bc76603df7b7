"""`qanat compare`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, option
from qanat.cli.runs import reporting
from qanat.cli.terminal import formats, plots, tables
from qanat.cli.terminal.output import say, say_json, say_whole, tell, width
from qanat.cli.terminal.tables import Heading
from qanat.domain import condition
from qanat.domain.comparison import Comparison, Row
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER, LOWER
from qanat.errors import UsageError
from qanat.usecases.project import open_project
from qanat.usecases.runs import compare as compare_runs
from qanat.usecases.tracking.refresh import refreshed

EXAMPLE = """\b
Example:
  qanat compare 2 5 --sort acc
  qanat compare --where 'tag=paper and lr<0.01' --better acc=higher
  qanat compare 2 --metric acc --metric 'test.*'
  qanat compare 2 --group-by nbins --format markdown
  qanat compare 2 --plot nbins acc --output acc.svg

The best value is marked with * if the experiment (metrics: [{file: metrics.json, better: {acc: higher}}]) or
--better acc=higher says which direction is better."""
TABLE, OUTPUT = "Rows and columns", "Output"


@click.command(cls=Command, epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option(
    "--where",
    group=TABLE,
    multiple=True,
    metavar="CONDITION",
    help="Compare only the groups that meet this condition, of these runs or of all; may be repeated.",
)
@option(
    "--metric",
    "only",
    group=TABLE,
    multiple=True,
    metavar="METRIC",
    help="Show only this metric, or those that match a pattern such as 'test.*'; may be repeated.",
)
@option("--group-by", group=TABLE, metavar="PARAM", help="Show one row for each value of this parameter.")
@option("--sort", group=TABLE, metavar="METRIC", help="Sort by this metric, best value first.")
@option(
    "--better",
    group=TABLE,
    multiple=True,
    metavar="METRIC=DIRECTION",
    help="Which values of a metric are better, as in acc=higher or loss=lower; may be repeated.",
)
@option(
    "--format",
    "form",
    group=OUTPUT,
    type=click.Choice(["text", "markdown"]),
    default="text",
    show_default=True,
    help="Format of the table.",
)
@option("--json", "as_json", group=OUTPUT, is_flag=True, help="Print JSON.")
@option("--csv", "as_csv", group=OUTPUT, is_flag=True, help="Print CSV.")
@option("--plot", group=OUTPUT, nargs=2, metavar="X Y", help="Plot metric Y over X, a parameter or metric.")
@option(
    "--output",
    group=OUTPUT,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the plot to a PNG or SVG file instead of the terminal.",
)
def compare(
    runs: tuple[str, ...],
    where: tuple[str, ...],
    sort: str | None,
    group_by: str | None,
    only: tuple[str, ...],
    better: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    form: str,
    plot: tuple[str, str] | None,
    output: Path | None,
) -> None:
    """Compare runs: show their metrics and the parameters in which they differ.

    Groups that differ only in their seed share a row, with the mean ± standard deviation of each metric.
    """
    if output and not plot:
        raise UsageError("--output requires --plot", hint="add --plot X Y")
    if not runs and not where:
        raise UsageError("no runs to compare", hint="name them, or choose groups with --where")
    wanted = condition.all_of([condition.parse(text) for text in where])
    project = open_project(Path.cwd())
    with refreshed(project, session.runners()) as (index, result):
        reporting.tell_notes(result.notes)
        chosen = compare_runs.chosen_runs(project, index, result, runs, wanted)
    directions = dict(map(_direction, better))
    over = plot[0] if plot else None
    found = compare_runs.compare_runs(
        project, chosen, better=directions, group_by=group_by, sort=sort, over=over, only=() if plot else only
    )
    for run in chosen if runs else ():
        if not any(run.id in row.runs for row in found.rows):
            tell(f"note: run {run.number} is not shown, since none of its groups has finished")
    if plot:
        _plot(found, *plot, output)
    elif as_json:
        say_json(compare_runs.as_mappings(found))
    elif as_csv:
        say_whole(_csv(found))
    else:
        headings, rows = _headings(found, sort), _cells(found)
        say(formats.markdown_table([h.text for h in headings], rows) if form == "markdown" else _text(headings, rows))


def _direction(text: str) -> tuple[str, str]:
    name, _, way = text.rpartition("=")
    if not name or way not in (HIGHER, LOWER):
        raise UsageError(
            f"--better {quoted(text)} is not METRIC=higher or METRIC=lower", hint="for example --better acc=higher"
        )
    return name, way


def _headings(found: Comparison, sort: str | None) -> list[Heading]:
    """Return the headings; where not all fit, groups and commit give way first, then metrics and parameters in turn."""
    several, commits = _several(found)
    last = 2 * (len(found.parameters) + len(found.metrics)) + 2
    return [
        *([Heading("experiment", 1, tables.NARROWEST)] if several else []),
        Heading("runs", 0, tables.NARROWEST),
        Heading("groups", last),
        *([Heading("commit", last + 1)] if commits else []),
        *(Heading(name, 2 * i + 2, tables.NARROWEST) for i, name in enumerate(found.parameters)),
        # Half a number would be another number.
        *(Heading(name, 1 if name == sort else 2 * i + 3) for i, name in enumerate(found.metrics)),
    ]


def _cells(found: Comparison) -> list[list[str]]:
    several, commits = _several(found)
    rows = []
    for i, row in enumerate(found.rows):
        cells = [*([row.experiment] if several else []), _numbers(row), str(row.groups)]
        cells += [*([row.commit[:7]] if commits else []), *(row.parameters.get(n, "") for n in found.parameters)]
        cells += [_metric(found, row, i, name) for name in found.metrics]
        rows.append(cells)
    return rows


def _several(found: Comparison) -> tuple[bool, bool]:
    """Return whether the rows are of several experiments, and of several states of the code."""
    return len({row.experiment for row in found.rows}) > 1, len({row.tree for row in found.rows}) > 1


def _text(headings: list[Heading], rows: list[list[str]]) -> str:
    fitted = tables.fit(headings, rows, width())
    return "\n".join([*fitted.lines, *([f"{fitted.note}; --csv has everything"] if fitted.note else [])])


def _numbers(row: Row) -> str:
    numbers = [run.partition("-")[0] for run in row.runs]
    return ", ".join(row.runs if len(set(numbers)) < len(numbers) else numbers)


def _metric(found: Comparison, row: Row, place: int, name: str) -> str:
    if name not in row.metrics:
        return ""
    return f"{row.metrics[name]}{formats.BEST if place in found.best.get(name, ()) else ''}"


def _csv(found: Comparison) -> str:
    own = ("experiment", "runs", "groups", "commit")
    parameters = [f"parameter.{name}" if name in own else name for name in found.parameters]
    metrics = [f"metric.{name}" if name in (*own, *parameters) else name for name in found.metrics]
    headings = [*own, *parameters, *(column for name in metrics for column in (name, f"{name}.std"))]
    return formats.csv_text(headings, (_values(found, row) for row in found.rows))


def _values(found: Comparison, row: Row) -> list[object]:
    values: list[object] = []
    for name in found.metrics:
        s = row.metrics.get(name)
        values += ["", ""] if s is None else [s.mean, "" if s.deviation is None else s.deviation]
    given = [row.parameters.get(name, "") for name in found.parameters]
    return [row.experiment, " ".join(row.runs), row.groups, row.commit, *given, *values]


def _plot(found: Comparison, x: str, y: str, output: Path | None) -> None:
    xs, ys, deviations = compare_runs.points(found, x, y)
    if output is None:
        say(plots.in_terminal(xs, ys, x, y))
        return
    plots.to_file(xs, ys, deviations, x, y, output)
    say(f"Wrote {output}")
