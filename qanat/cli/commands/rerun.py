"""`qanat rerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from qanat.cli import session
from qanat.cli.options import CODE, WHERE, Command, option
from qanat.cli.runs import check_report
from qanat.cli.runs.changes import ask_about_changes, uncommitted_from
from qanat.cli.runs.launch_options import (
    code_options,
    container_from,
    container_options,
    group_options,
    needed_from,
    needed_options,
    options_for,
    options_from,
    order_option,
)
from qanat.cli.runs.launch_view import shown
from qanat.cli.runs.looking_up import find_one_with_live
from qanat.cli.terminal.output import tell_note
from qanat.domain.run import Run, State
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.launch import rerun as usecase
from qanat.usecases.launch.rerun import Repeat
from qanat.usecases.launch.retry import chosen_groups
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import check_rerun
from qanat.usecases.runs.reproduction import Basis
from qanat.usecases.tracking.find import Found

RERUN = """\b
Example:
  qanat rerun 4
  qanat rerun 4 --check
  qanat rerun 4 --failed --head
  qanat rerun 4 --container /scratch/images/iris.sif

With --check, the outputs are compared file by file, and the metrics; the exit code is 1 if anything differs beyond
--rtol, and 0 if nothing does, even if groups of both runs have failed. If results of RUN are gone or changed, the
metrics and the digests in its record are compared instead."""
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
@needed_options(GROUPS)
@option("--runner", group=WHERE, metavar="RUNNER", help="Use this runner instead of that of the original run.")
@order_option
@options_for
@container_options
@option("--check", group=CHECK, is_flag=True, help="Compare outputs and metrics with those of the original run.")
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
    """Repeat RUN as a new run, with the same code (a checkout of its commit) and parameters.

    If its data are no longer what they were for RUN, a warning says in what they differ before the new run starts.
    """
    _check_options(check=check)
    project = open_project(Path.cwd())
    found, live = find_one_with_live(project, run)
    if check:
        check_rerun.check_asked(some_groups=failed or bool(groups), detach=options["detach"], needed=options["needed"])
    basis = _basis(found) if check else None
    numbers = chosen_groups(found, groups, failed=failed) if failed or groups else []
    before = "local" if found.run.origin else found.run.runner.name  # that of another tool is none of ours
    chosen = options_from(options | ({"wait": True} if check else {}), runner or before)
    container = container_from(options["container"], options["engine"], gpu=options["gpu"])
    repeat = Repeat(numbers, head, uncommitted_from(options), needed_from(options), container, options["after"])
    code, again = shown(
        project,
        lambda view: usecase.rerun(
            project, found, live, chosen, repeat, runners=session.runners(), ask=ask_about_changes, view=view
        ),
        quiet=as_json,
    )
    if basis is None or again.state not in (State.FINISHED, State.FAILED):
        return code
    return _check(project, basis, again, rtol, as_json=as_json)


def _check_options(*, check: bool) -> None:
    """Raise UsageError for an option of the comparison without --check."""
    context = click.get_current_context()
    if context.get_parameter_source("run") is None and context.parent:
        context = context.parent  # of `qanat experiment rerun`, which has parsed the options
    for name, shown_name in (("rtol", "--rtol"), ("as_json", "--json")):
        if not check and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageError(f"{shown_name} requires --check", hint="add --check")


def _basis(found: Found) -> Basis:
    """Determine what the rerun will be compared with, and say what of it is missing."""
    basis = check_rerun.basis_of(found, session.runners())
    for note in basis.notes:
        tell_note(note)
    return basis


def _check(project: Project, basis: Basis, again: Run, rtol: float, *, as_json: bool) -> int:
    verdict = check_rerun.verdict(project, basis, again, rtol, session.runners())
    first, found = basis.run, verdict.found
    if as_json:
        check_report.print_json(found, first, again, basis.notes, verdict.causes)
    else:
        check_report.print_report(found, first, again, verdict.causes)
    return 0 if found.is_equal else EXIT_FAILED
