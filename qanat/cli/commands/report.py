"""`qanat report`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option, where_option
from qanat.cli.terminal.output import plural, say, say_json, tell
from qanat.domain import condition
from qanat.domain.json_text import to_json
from qanat.domain.layout import REPORT
from qanat.domain.sizes import size
from qanat.usecases.project import open_project
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.results import place
from qanat.usecases.runs import listing
from qanat.usecases.tracking.refresh import refreshed

EXAMPLE = """\b
Example:
  qanat report
  qanat report --experiment train --where 'state=finished and lr<0.01'
  qanat report 4 7 12 --out baselines.html

The page works without a network, and shows nothing but what the report contains: see docs/report.md."""


@click.command(epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@where_option("Only runs that meet this condition, such as 'lr<0.01 and metric.acc>0.9'")
@option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=REPORT,
    show_default=True,
    help="File to write.",
)
@option("--json", "as_json", is_flag=True, help="Print the data of the report as JSON, and write no file.")
def report(runs: tuple[str, ...], experiment: str | None, where: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Write a page about RUNs, or about all runs, to look at in a browser."""
    request = ReportRequest(runs, experiment, condition.parse_all(where))
    project = open_project(Path.cwd())
    place.check_written(project, out)
    with refreshed(project, session.runners()) as (index, result):
        for note in [*result.notes, *listing.shortened(index.unreadable(experiment))]:
            tell(f"note: {note}")
        content = content_of(project, index, result, request)
    if as_json:
        say_json(content)
        return
    from qanat.web.page import page  # reads the parts of the page

    title = f"{experiment or content['project']}: {plural(len(content['runs']), 'run')}"
    data = page(to_json(content), title).encode("utf-8", "backslashreplace")
    place.write_named(out, data)
    for note in content["notes"]:
        tell(f"note: {note}")
    say(f"{out}: {plural(len(content['runs']), 'run')}, {size(len(data))}")
