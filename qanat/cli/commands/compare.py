"""`qanat compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, columns_option, option, refuse_together, split_names, used_options, where_option
from qanat.cli.runs import comparison_table, curve_plot, reporting, row_plot
from qanat.cli.runs.definition_warnings import warn_of_unreadable
from qanat.cli.terminal.output import clean, say, say_json, say_whole, tell_note, width
from qanat.domain import condition
from qanat.domain.plot_scales import AXES
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER, LOWER
from qanat.errors import UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import compare as compare_runs
from qanat.usecases.runs import comparison_notes, comparison_values, overlaid_curves
from qanat.usecases.runs.averaged_curves import averages, curves, titles_of
from qanat.usecases.runs.compare import ChosenRuns, Compared, CompareRequest
from qanat.usecases.runs.plotted_rows import plotted_rows

EXAMPLE = """\b
Example:
  qanat compare 2 5 --sort acc
  qanat compare 2 --sort model --sort -lr
  qanat compare --where 'tag=paper and lr<0.01' --better acc=higher
  qanat compare 2 5 --baseline 2 --better acc=higher
  qanat compare 5 --baseline 'model=linear'
  qanat compare 2 --metric acc --metric 'test.*'
  qanat compare 2 --group-by nbins --format latex
  qanat compare 2 5 --columns 'model,acc,loss.min' --output table.tex
  qanat compare 2 --plot nbins acc --output acc.svg
  qanat compare 2 5 --plot step loss --log y
  qanat compare 2 5 --environment

The best value is marked with * if the experiment (metrics: [{file: metrics.json, better: {acc: higher}}]) or
--better acc=higher says which direction is better."""
TABLE, OUTPUT = "Rows and columns", "Output"
CONTRADICTIONS = {
    "--plot": ("--json", "--csv", "--format", "--columns", "--metric", "--sort", "--baseline", "--better"),
    "--json": ("--csv", "--format"),
    "--each": ("--pool", "--group-by"),
    "--csv": ("--format",),
    "--environment": (
        "--csv", "--format", "--columns", "--sort", "--metric", "--baseline", "--better", "--plot", "--pool",
        "--group-by", "--output",
    ),
}  # fmt: skip
_FORMS = {".tex": "latex", ".md": "markdown", ".csv": "csv", ".json": "json"}
_PLOTS = (".png", ".svg")
_TABLES = "use .tex, .md, .csv, .json or .txt"
_NO_TABLES = (".docx", ".html", ".jpg", ".ods", ".pdf", ".xls", ".xlsx")


@click.command(cls=Command, epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@where_option("Compare only the groups that meet this condition, of these runs or of all", group=TABLE)
@option(
    "--metric",
    "only",
    group=TABLE,
    multiple=True,
    metavar="METRIC",
    help="Show only this metric, or those that match a pattern such as 'test.*'; may be repeated.",
)
@option(
    "--pool",
    group=TABLE,
    is_flag=True,
    help="Let several runs share a row; the same seed with the same parameters and code counts once.",
)
@option(
    "--baseline",
    group=TABLE,
    metavar="RUN|CONDITION",
    help="Show the difference of each row to the rows of this run, or to those whose groups meet this condition.",
)
@option("--group-by", group=TABLE, metavar="PARAM", help="Show one row for each value of this parameter.")
@option(
    "--sort",
    group=TABLE,
    multiple=True,
    metavar="[-]NAME",
    help="Sort by a metric, best value first, or by a parameter; with - the greatest first; may be repeated.",
)
@option(
    "--better",
    group=TABLE,
    multiple=True,
    metavar="METRIC=DIRECTION",
    help="Which values of a metric are better, as in acc=higher or loss=lower; may be repeated.",
)
@columns_option(group=TABLE)
@option(
    "--format",
    "form",
    group=OUTPUT,
    type=click.Choice(["text", "markdown", "latex"]),
    help="Format of the table.  [default: text]",
)
@option("--json", "as_json", group=OUTPUT, is_flag=True, help="Print JSON.")
@option("--csv", "as_csv", group=OUTPUT, is_flag=True, help="Print CSV.")
@option(
    "--plot",
    group=OUTPUT,
    nargs=2,
    metavar="X Y",
    help="Plot metric Y over X: a parameter, a metric, or step for curves.",
)
@option("--each", group=OUTPUT, is_flag=True, help="Draw the curve of each group, instead of means over seeds.")
@option(
    "--log",
    group=OUTPUT,
    type=click.Choice(AXES),
    help="Logarithmic axes of a plot.  [default: those whose values differ 100 times or more]",
)
@option(
    "--output",
    group=OUTPUT,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file instead: a table (.tex, .md, .csv or .json sets its format), or a plot (.png or .svg).",
)
@option(
    "--environment",
    group=OUTPUT,
    is_flag=True,
    help="Show how the environments and machines of the runs differ from those of the first run, in place of a table.",
)
def compare(
    runs: tuple[str, ...],
    where: tuple[str, ...],
    sort: tuple[str, ...],
    group_by: str | None,
    only: tuple[str, ...],
    better: tuple[str, ...],
    columns: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    form: str | None,
    plot: tuple[str, str] | None,
    each: bool,
    log: str | None,
    output: Path | None,
    pool: bool,
    baseline: str | None,
    environment: bool,
) -> None:
    """Compare runs, or all if none is named: show their metrics and the parameters in which they differ.

    Groups of a run that differ only in their seed share a row, with the mean ± standard deviation of each metric.
    """
    _check_options()
    asked = "json" if as_json else "csv" if as_csv else form or ""
    written = "" if plot else _form(output, asked)
    request = CompareRequest(
        better=dict(map(_direction, better)),
        group_by=group_by,
        sort=sort,
        plot=plot,
        only=only,
        pool=pool,
        columns=split_names(columns),
    )
    wanted = condition.parse_all(where)
    project = _project(output)
    with refreshed(project, session.runners()) as (index, result):
        reporting.tell_notes(result.notes)
        chosen = compare_runs.chosen_runs(project, index, result, runs, wanted, baseline)
        if environment:
            reporting.tell_notes(comparison_notes.missing(chosen))
            _compare_environments(project, chosen, as_json=as_json)
            return
        warn_of_unreadable(project, (run.experiment for run in chosen.runs))
        if plot and overlaid_curves.is_over_steps(plot[0], chosen.runs):
            compared = None if each else averages(project, chosen, request)
            _tell_notes(compared, chosen, runs)
            found = curves(project, index, result, chosen, compared, plot[1])
            curve_plot.plot_curves(found, titles_of(project, chosen).get(plot[1], plot[1]), log, output)
            return
    if each:
        raise UsageError("--each requires --plot step NAME", hint="step stands for the steps of curves")
    compared = compare_runs.compare_runs(project, chosen, request)
    _tell_notes(compared, chosen, runs)
    if plot:
        row_plot.plot_rows(plotted_rows(compared.found, *plot), *plot, titles_of(project, chosen), log, output)
        return
    _print(compared, written, output)


def _project(output: Path | None) -> Project:
    """Open the project. Raises UsageError if what is compared cannot be written to this file."""
    project = open_project(Path.cwd())
    if output:
        from qanat.usecases.results import place  # only needed to write a file

        place.check_written(project, output)
    return project


def _compare_environments(project: Project, chosen: ChosenRuns, *, as_json: bool) -> None:
    from qanat.cli.runs.environment_report import print_environments  # most comparisons are of metrics
    from qanat.usecases.runs.compare_environments import compare_environments

    found = compare_environments(project, chosen.runs)
    if as_json:
        say_json([one.as_mapping() for one in found])
    else:
        print_environments(found)


def _check_options() -> None:
    """Raise UsageError if two of the options contradict each other, or if one lacks another."""
    refuse_together(CONTRADICTIONS)
    used = used_options()
    for name in ("--log", "--each"):
        if name in used and "--plot" not in used:
            raise UsageError(f"{name} requires --plot", hint="add --plot X Y")


def _form(output: Path | None, asked: str) -> str:
    """Return the format of a table: that which is asked for, or that of the file.

    Raises UsageError for a file whose suffix stands for another format, or for none of a table.
    """
    suffix = output.suffix.lower() if output else ""
    if suffix in _PLOTS:
        raise UsageError(f"{output} would be a plot, which requires --plot", hint="add --plot X Y")
    if suffix in _NO_TABLES:
        raise UsageError(f"a table cannot be written as {suffix}", hint=_TABLES)
    if output and suffix not in (*_FORMS, ".txt") and output.exists():
        raise UsageError(f"{output} exists, and its name is not that of a table", hint=_TABLES)
    by_suffix = _FORMS.get(suffix, asked or "text")
    if asked and asked != by_suffix:
        raise UsageError(f"{output} is not a file of the format {asked}", hint="use another suffix or format")
    return by_suffix


def _tell_notes(compared: Compared | None, chosen: ChosenRuns, runs: Sequence[str]) -> None:
    for note in comparison_notes.notes(compared, chosen, runs) if compared else ():
        tell_note(note)


def _print(compared: Compared, form: str, output: Path | None) -> None:
    """Print a table in this form, or write it to a file."""
    if output is None and form == "text":
        say(comparison_table.as_text(compared, width()))
    elif output is None and form == "json":
        say_json(comparison_values.as_mappings(compared))
    elif output is None:
        say_whole(comparison_table.WRITERS[form](compared))
    else:
        from qanat.usecases.results import place  # only needed to write a file

        place.write_named(output, f"{clean(comparison_table.WRITERS[form](compared), keep_lines=True)}\n".encode())
        say(f"Wrote {output}")


def _direction(text: str) -> tuple[str, str]:
    name, _, way = text.rpartition("=")
    if not name or way not in (HIGHER, LOWER):
        raise UsageError(
            f"--better {quoted(text)} is not METRIC=higher or METRIC=lower", hint="for example --better acc=higher"
        )
    return name, way
