"""`qanat report`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option, view_option, where_option
from qanat.cli.terminal.output import plural, say, say_whole, tell_note
from qanat.domain import condition
from qanat.domain.json_text import to_json
from qanat.domain.layout import REPORT
from qanat.domain.sizes import size
from qanat.domain.visible import escaped_json
from qanat.errors import NotFound
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
  qanat report --view optimisers
  qanat report --json --out report.json

The page works without a network, and shows nothing but what the report contains: see docs/report.md."""


@click.command(epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@where_option("Only runs that meet this condition, such as 'lr<0.01 and metric.acc>0.9'")
@view_option
@option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help=f"File to write; - prints it. (default: {REPORT})",
)
@option("--json", "as_json", is_flag=True, help="Print the data of the report as JSON, or write them to --out.")
def report(
    runs: tuple[str, ...], experiment: str | None, where: tuple[str, ...], view: str, out: Path | None, as_json: bool
) -> None:
    """Write a page about RUNs, or about all runs, to look at in a browser."""
    request = ReportRequest(runs, experiment, condition.parse_all(where), view)
    project = open_project(Path.cwd())
    target = out or Path("-" if as_json else REPORT)
    is_printed = target == Path("-")
    if not is_printed:
        place.check_written(project, target)
    with refreshed(project, session.runners()) as (index, result):
        for note in [*result.notes, *listing.shortened(index.unreadable(experiment))]:
            tell_note(note)
        content = content_of(project, index, result, request)
    runs_shown = plural(len(content["runs"]), "run")
    if as_json:
        data = f"{escaped_json(to_json(content, indent=2))}\n"
    elif where and not content["runs"]:
        raise NotFound("no run meets the condition, so no report was written", hint="see the runs with: qanat runs")
    else:
        from qanat.web.page import page  # reads the parts of the page

        data = page(escaped_json(to_json(content)), f"{experiment or content['project']}: {runs_shown}")
    if is_printed:
        say_whole(data.removesuffix("\n"))
        return
    encoded = data.encode("utf-8", "backslashreplace")
    place.write_named(target, encoded)
    for note in content["notes"]:
        tell_note(note)
    say(f"{target}: {runs_shown}, {size(len(encoded))}")
