"""`qanat diff`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.diff import report as diff_report
from qanat.cli.diff import text
from qanat.cli.terminal.output import say, say_json, width
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.project import open_project
from qanat.usecases.review import state
from qanat.usecases.review.state import StateChanges

EXAMPLE = """\b
Example:
  qanat diff
  qanat diff main...HEAD --format markdown >comment.md
  qanat diff v1.0..v1.1 --json"""


@click.command(epilog=EXAMPLE)
@click.argument("revisions", required=False, metavar="[A | A..B | A...B]")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.option("--plots", type=click.Path(path_type=Path), metavar="DIR", help="Draw into SVG files there (Markdown).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--exit-code", is_flag=True, help="End with 1 when there is a change, as git diff does.")
def diff(revisions: str | None, form: str, plots: Path | None, as_json: bool, exit_code: bool) -> int:
    """Say what changes in experiments, datasets, templates and settings, which runs are new, and what came out.

    By default that is what the work here changes: from where it left the upstream or default branch to the
    work tree. A..B compares two commits, A...B is what B changes since it left A, and A alone is compared
    with the work tree.
    """
    if plots and form != "markdown":
        raise UsageError("--plots draws for Markdown", hint="add --format markdown")
    found = state.diff(open_project(Path.cwd()), revisions)
    if as_json:
        from qanat.usecases.review.mapping import as_mapping

        say_json(as_mapping(found))
    else:
        say(_written(found, form, plots))
    return EXIT_FAILED if exit_code and not found.is_empty else 0


def _written(found: StateChanges, form: str, plots: Path | None) -> str:
    report = diff_report.report(found)
    if form != "markdown":
        return text.text(report, width())
    from qanat.cli.diff import markdown
    from qanat.cli.diff.svg import SvgFolder

    return markdown.markdown(report, SvgFolder(plots).plot if plots else None)
