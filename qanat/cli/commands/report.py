"""`qanat report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.options import option, refuse_together, view_option, where_option
from qanat.cli.terminal.output import plural, say, say_whole, tell_note
from qanat.domain import condition
from qanat.domain.layout import REPORT
from qanat.domain.sizes import size
from qanat.errors import NotFound
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import open_project
from qanat.usecases.report import report_file, report_folder
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.report.figures import Figures
from qanat.usecases.report.single_file import fitted, text_of
from qanat.usecases.results import place
from qanat.usecases.runs import listing

STDOUT = Path("-")
# How much more of curves and figures a folder has than a file.
FOLDER_TIMES = 5
EXAMPLE = """\b
Example:
  qanat report
  qanat report --experiment train --where 'state=finished and lr<0.01'
  qanat report 4 7 12 --out baselines.html
  qanat report --view optimisers
  qanat report --json --out report.json
  qanat report --folder report

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
@option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write in place of one file, with room for more curves and figures.",
)
@option("--json", "as_json", is_flag=True, help="Print the data of the report as JSON, or write them to --out.")
def report(
    runs: tuple[str, ...],
    experiment: str | None,
    where: tuple[str, ...],
    view: str,
    out: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write a page about RUNs, or about all runs, to look at in a browser."""
    refuse_together({"--folder": ["--out", "--json"]})
    request = ReportRequest(runs, experiment, condition.parse_all(where), view, FOLDER_TIMES if folder else 1)
    project = open_project(Path.cwd())
    target = folder or out or Path("-" if as_json else REPORT)
    if target != STDOUT:
        place.check_written(project, target)
        if not folder:
            report_file.check_replaceable(target)
    figures = Figures(project, request.times)
    with refreshed(project, session.runners()) as (index, result):
        for note in [*result.notes, *listing.shortened(index.unreadable(experiment))]:
            tell_note(note)
        content = content_of(project, index, result, request, figures)
    if where and not content["runs"] and not as_json:
        raise NotFound("no run meets the condition, so no report was written", hint="see the runs with: qanat runs")
    runs_shown = plural(len(content["runs"]), "run")
    title = f"{experiment or content['project']}: {runs_shown}"
    if folder:
        written = _write_folder(folder, content, title, figures)
    else:
        written = _write(target, f"{text_of(content, indent=2)}\n" if as_json else _page(content, title, figures))
    if target != STDOUT:
        for note in content["notes"]:
            tell_note(note)
        say(f"{target}: {runs_shown}, {size(written)}")


def _page(content: dict[str, Any], title: str, figures: Figures) -> str:
    """Return the page as one file, and note in the content what there is no room for."""
    from qanat.web.page import page  # reads the parts of the page

    found = fitted(content, figures)
    return page(found.text, title, images=found.images)


def _write(target: Path, text: str) -> int:
    """Write or print a text, and return its size in bytes."""
    if target == STDOUT:
        say_whole(text.removesuffix("\n"))
        return 0
    data = text.encode("utf-8", "backslashreplace")
    place.write_named(target, data)
    return len(data)


def _write_folder(target: Path, content: dict[str, Any], title: str, figures: Figures) -> int:
    from qanat.web.page import INDEX, folder

    chosen = report_folder.chosen(content, figures)
    texts = folder(content, title, dict(figures.contents(chosen.drawings)))
    return report_folder.write(target, texts, figures.contents(chosen.pictures), INDEX)
