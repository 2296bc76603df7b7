"""`qanat rerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.options import CODE, WHERE, Command, option
from qanat.cli.runs.changes import ask_about_changes, uncommitted_from
from qanat.cli.runs.launch_options import code_options, group_options, options_for, options_from
from qanat.cli.runs.launch_view import shown
from qanat.cli.runs.looking_up import find_one_with_live
from qanat.cli.terminal.output import plural, say, say_json, tell
from qanat.domain.run import Run, State
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.launch import rerun as usecase
from qanat.usecases.launch.rerun import Repeat
from qanat.usecases.launch.retry import chosen_groups
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import compare_outputs
from qanat.usecases.tracking.find import Found, check_ended, check_results

RERUN = """\b
Example:
  qanat rerun 4
  qanat rerun 4 --check
  qanat rerun 4 --failed --head

With --check, the outputs are compared file by file; the exit code is 1 if they differ."""
CHECK = "Comparison"
GROUPS = "What to repeat"


@click.command(cls=Command, epilog=RERUN)
@click.argument("run")
@group_options(
    GROUPS, failed="Rerun only the groups that did not finish.", group="Rerun only this group; may be repeated."
)
@option(
    "--head",
    group=CODE,
    is_flag=True,
    help="Run the current code, for example after fixing a bug, instead of the commit of RUN.",
)
@code_options
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
def rerun(
    run: str,
    failed: bool,
    groups: tuple[int, ...],
    head: bool,
    runner: str | None,
    check: bool,
    rtol: float,
    as_json: bool,
    **options: Any,
) -> int:
    """Repeat RUN as a new run, with the same code (a checkout of its commit), parameters and data."""
    project = open_project(Path.cwd())
    found, live = find_one_with_live(project, run)
    if check and (failed or groups or head):
        raise UsageError("--check compares a whole run with the same code", hint="omit --failed, --group and --head")
    if check and options["detach"]:
        raise UsageError("--check waits for the end of the new run", hint="omit --detach")
    if check:
        check_ended(found, "its outputs cannot be compared")
        check_results(found)
    numbers = chosen_groups(found, groups, failed=failed) if failed or groups else []
    if (failed or groups) and not numbers:
        say("nothing to repeat: these groups have finished")
        return 0
    chosen = options_from(options | ({"wait": True} if check else {}), runner or found.run.runner.name)
    repeat = Repeat(numbers, head, uncommitted_from(options))
    code, again = shown(
        project,
        lambda view: usecase.rerun(
            project, found, live, chosen, repeat, runners=session.runners(), ask=ask_about_changes, view=view
        ),
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
