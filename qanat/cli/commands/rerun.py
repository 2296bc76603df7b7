"""`qanat rerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.options import WHERE, Command, option
from qanat.cli.runs.launch_options import options_for, options_from
from qanat.cli.runs.launch_view import shown
from qanat.cli.runs.looking_up import find_one_with_live
from qanat.cli.terminal.output import plural, say, say_json, tell
from qanat.domain.run import Run, State
from qanat.errors import EXIT_FAILED
from qanat.usecases.launch import rerun as usecase
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import compare_outputs
from qanat.usecases.tracking.find import Found, check_ended

RERUN = """\b
Example:
  qanat rerun 4
  qanat rerun 4 --check

With --check, the outputs are compared file by file; the exit code is 1 if they differ."""
CHECK = "Comparison"


@click.command(cls=Command, epilog=RERUN)
@click.argument("run")
@option("--runner", group=WHERE, metavar="RUNNER", help="Use this runner instead of that of the original run.")
@options_for
@option("--check", group=CHECK, is_flag=True, help="Compare the outputs with those of the original run.")
@option(
    "--rtol",
    group=CHECK,
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    metavar="TOLERANCE",
    help="Treat numbers as equal up to this relative difference.",
)
@option("--json", "as_json", group=CHECK, is_flag=True, help="With --check, print JSON.")
def rerun(run: str, runner: str | None, check: bool, rtol: float, as_json: bool, **options: Any) -> int:
    """Repeat RUN as a new run, with the same code (a checkout of its commit), parameters and data."""
    project = open_project(Path.cwd())
    found, live = find_one_with_live(project, run)
    if check:
        check_ended(found, "its outputs cannot be compared")
    chosen = options_from(options | ({"wait": True} if check else {}), runner or found.run.runner.name)
    code, again = shown(
        project,
        lambda view: usecase.rerun(project, found, live, chosen, runners=session.runners(), view=view),
        quiet=as_json,
    )
    if not check or again.state not in (State.FINISHED, State.FAILED):
        return code
    return _check(project, found, again, rtol, as_json=as_json) or code


def _check(project: Project, first: Found, again: Run, rtol: float, *, as_json: bool) -> int:
    own = frozenset().union(*(session.runners().generated_files(run.runner.name) for run in (first.run, again)))
    files = compare_outputs.compare(first.folder, project.root / again.storage, rtol, own)
    if as_json:
        say_json([{"file": f.path, "verdict": f.verdict, "detail": f.detail} for f in files])
    for file in files if not as_json else ():
        say(f"{file.verdict:10} {file.path}{f' ({file.detail})' if file.detail else ''}")
    same = all(file.verdict == compare_outputs.IDENTICAL for file in files)
    counted = f"{plural(len(files), 'file')} of runs {first.run.number} and {again.number}"
    tell(f"{'identical' if same else 'not identical'}: {counted}")
    return 0 if same else EXIT_FAILED
