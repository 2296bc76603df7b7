"""`qanat gc`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qanat.cli import session
from qanat.cli.options import Command, option, refuse_together
from qanat.cli.runs import gc_report, reporting
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import plural, say, say_json, tell
from qanat.domain.sizes import size
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.project import Project, open_project

if TYPE_CHECKING:
    from qanat.domain.keeping import Keep
    from qanat.usecases.cleaning.plan import CleaningPlan
    from qanat.usecases.runs.removing_results import Removed

EXAMPLE = """\b
Example:
  qanat gc --plan
  qanat gc --newest 3 --failed-days 7 --tag paper
  qanat gc 4 5 --yes

\b
Settings in .qanat/config.yaml, for all of the project:
  schema: config/1
  keep: {tags: [paper], newest: 3, failed_days: 7}

Results are never removed while something needs them: see docs/results.md."""


@click.command(cls=Command, epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option("--plan", "only_plan", is_flag=True, help="Show what takes room and what would be removed, and remove nothing.")
@option("--newest", type=click.IntRange(0), metavar="N", help="Keep the N newest finished runs of each experiment.")
@option("--failed-days", type=click.FloatRange(0), metavar="N", help="Keep failed runs for N days after their end.")
@option("--tag", "tags", multiple=True, metavar="TAG", help="Keep runs with this tag; also several times.")
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def gc(
    runs: tuple[str, ...],
    only_plan: bool,
    newest: int | None,
    failed_days: float | None,
    tags: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> int:
    """Remove results of runs to make room; their records stay, and say so.

    Without RUN, the settings decide whose results may go, or the options in their place. What other runs, documents,
    texts or links need stays in any case, and so does whatever qanat has not created itself.
    """
    from qanat.usecases.cleaning import clean

    if runs and (tags or newest is not None or failed_days is not None):
        raise UsageError("runs are named, so there is no rule for others", hint="leave out the runs, or the options")
    refuse_together({"--plan": ("--yes",)})
    project = open_project(Path.cwd())
    keep = _policy(project, newest, failed_days, tags)
    shown, notes = clean.planned(project, session.runners(), keep, runs)
    reporting.tell_notes(notes)
    if only_plan or not shown.leaving:
        say_json(gc_report.as_mapping(shown)) if as_json else say(gc_report.as_text(shown, named=bool(runs)))
        return 0
    if not as_json:
        say(gc_report.as_text(shown, named=bool(runs)))
    question = f"Remove the results of {plural(len(shown.leaving), 'run')} ({size(shown.leaving_bytes)})?"
    if not yes and not prompts.confirm(question, option="--yes"):
        raise click.Abort
    return _remove(project, shown, keep, runs, as_json=as_json)


def _policy(project: Project, newest: int | None, failed_days: float | None, tags: tuple[str, ...]) -> Keep:
    """Return whose results are kept: as the settings say, but for what options say."""
    keep = project.config.keep
    if tags:
        keep = replace(keep, tags=tags)
    if newest is not None:
        keep = replace(keep, newest=newest)
    return keep if failed_days is None else replace(keep, failed_days=failed_days)


def _remove(project: Project, shown: CleaningPlan, keep: Keep, runs: tuple[str, ...], *, as_json: bool) -> int:
    """Remove what was shown; say what was removed, also after an interrupt, and return the exit code."""
    from qanat.usecases.cleaning.clean import clean
    from qanat.usecases.runs.removing_results import Removed

    removed = Removed()
    try:
        clean(project, session.runners(), keep, runs, shown, removed)
    except KeyboardInterrupt:
        tell(f"interrupted: {_done(removed)}, and no others")
        raise
    finally:
        reporting.tell_notes(removed.notes)
    say_json(gc_report.as_mapping(shown, removed)) if as_json else say(_done(removed, "R"))
    return EXIT_FAILED if len(removed.done) < len(shown.leaving) else 0


def _done(removed: Removed, first: str = "r") -> str:
    return f"{first}emoved the results of {plural(len(removed.done), 'run')} ({size(removed.bytes)})"
