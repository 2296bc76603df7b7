"""`qanat diff`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.diff import report as diff_report
from qanat.cli.diff import text
from qanat.cli.diff.baselines_report import check_sentences
from qanat.cli.diff.names import Names
from qanat.cli.options import option, refuse_together, where_option
from qanat.cli.terminal.output import say, say_json, say_whole, tell, width
from qanat.domain import condition
from qanat.domain.meanings import plain
from qanat.domain.redaction import without_tokens
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.review import state
from qanat.usecases.review.findings import read as read_findings
from qanat.usecases.review.state import StateChanges
from qanat.usecases.review.validation import findings as validated

EXAMPLE = """\b
Example:
  qanat diff
  qanat diff main...HEAD --format markdown >comment.md
  qanat diff --where 'lr<0.01 and tag=paper'
  qanat diff main...HEAD --check
  qanat diff v1.0..v1.1 --json"""


@click.command(epilog=EXAMPLE)
@click.argument("revisions", required=False, metavar="[A | A..B | A...B]")
@option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown"]),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@option(
    "--plots",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --format markdown, draw plots as SVG files in DIR.",
)
@option(
    "--findings",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Begin the report with the findings of checks, one per line of FILE, in place of those of qanat validate.",
)
@where_option("Show only the new groups that meet this condition, as in qanat runs")
@option(
    "--check",
    is_flag=True,
    help="Exit with 1 if new results are behind the baseline of their experiment, or cannot be compared with it.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON.")
@option("--exit-code", is_flag=True, help="Exit with 1 if there are changes, like git diff.")
def diff(
    revisions: str | None,
    form: str,
    plots: Path | None,
    findings: Path | None,
    where: tuple[str, ...],
    check: bool,
    as_json: bool,
    exit_code: bool,
) -> int:
    """Show changes to experiments, datasets, templates and settings, and new runs with their results.

    By default, the working tree is compared with the commit at which the current branch left its upstream or the
    default branch. A..B compares two commits, A...B shows what B has changed since it left A, and A alone is
    compared with the working tree.
    """
    refuse_together({"--findings": ("--json",), "--json": ("--format", "--plots")})
    if plots and form != "markdown":
        raise UsageError("--plots requires --format markdown", hint="add --format markdown")
    wanted = condition.parse_all(where)
    project = open_project(Path.cwd())
    found = state.diff(project, revisions, session.runners().requests(), wanted)
    if as_json:
        from qanat.usecases.review.mapping import as_mapping

        say_json(without_tokens(as_mapping(found)))
    else:
        said = read_findings(findings) if findings else validated(project, found.range.head, found.definitions)
        report = without_tokens(_written(project, found, form, plots, said))
        (say_whole if form == "markdown" else say)(report)
    for sentence in check_sentences(found, Names(found)) if check else ():
        tell(without_tokens(plain(sentence)))
    return EXIT_FAILED if (exit_code and not found.is_empty) or (check and found.fails_check) else 0


def _written(project: Project, found: StateChanges, form: str, plots: Path | None, findings: Sequence[str]) -> str:
    if form != "markdown":
        return text.text(diff_report.report(found, findings), width())
    from qanat.cli.diff import markdown
    from qanat.cli.diff.svg import SvgFolder
    from qanat.usecases.results import place
    from qanat.usecases.review import pages

    if plots:
        place.check_written(project, plots)
    report = diff_report.report(found, findings, pages.find(project.location))
    return markdown.markdown(report, SvgFolder(plots).plot if plots else None)
