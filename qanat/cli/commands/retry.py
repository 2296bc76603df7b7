"""`qanat retry`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.options import Command, option
from qanat.cli.runs.launch_options import group_options, options_for, options_from
from qanat.cli.runs.launch_view import shown
from qanat.cli.runs.looking_up import find_one_with_live
from qanat.cli.terminal.output import listed, tell
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused, UsageError
from qanat.usecases.launch import past_code
from qanat.usecases.launch import retry as usecase
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import order

GROUPS = "What to retry"


@click.command(cls=Command, epilog="\b\nExample:\n  qanat retry 4\n  qanat retry 4 --group 3 --group 7 -j 2")
@click.argument("run")
@group_options(
    GROUPS,
    failed="Retry the groups that failed, were cancelled or were lost (default).",
    group="Retry this group; may be repeated.",
)
@option(
    "--set",
    "changes",
    group=GROUPS,
    multiple=True,
    metavar="KEY=VALUE",
    help="Change an option of the template, as in mem=2x; may be repeated.",
)
@option(
    "--start-over",
    group=GROUPS,
    is_flag=True,
    help="Let no group continue from its checkpoint; it is kept in attempts/.",
)
@options_for
def retry(
    run: str, failed: bool, groups: tuple[int, ...], changes: tuple[str, ...], start_over: bool, **options: Any
) -> int:
    """Retry groups of RUN within the same run; the files of earlier attempts are kept in attempts/."""
    project = open_project(Path.cwd())
    # What its policy would retry now is up to the user.
    found, live = find_one_with_live(project, run, retries_due=False)
    numbers = usecase.chosen_groups(found, groups, failed=failed)
    _note_changes(project, found.run, groups)
    chosen, changed = options_from(options, found.run.runner.name), dict(map(_change, changes))
    code, retried = shown(
        project,
        lambda view: usecase.retry(
            project, found, numbers, live, chosen, changed, runners=session.runners(), view=view, start_over=start_over
        ),
    )
    if code == 0:
        _note_order(project, retried)
    return code


def _note_changes(project: Project, run: Run, groups: tuple[int, ...]) -> None:
    """Print a note if the code has changed since the run, whose own code its groups run again."""
    with contextlib.suppress(GitRefused):  # a commit that is gone is refused, with what to do about it
        if past_code.has_changed(project, run.code):
            which = " ".join(f"--group {number}" for number in groups) or "--failed"
            tell(
                f"note: the code has changed since; retry uses commit {run.code.commit[:10]}"
                f" (for the code as it is now: qanat rerun {run.number} {which} --head)"
            )


def _note_order(project: Project, run: Run) -> None:
    """Print which runs did not start since this one had not ended as required."""
    if found := order.not_started_for(project, run):
        numbers = [str(one.number) for one in found]
        tell(f"note: to continue with what comes after it: qanat retry {numbers[0]}{_and_then(numbers[1:])}")


def _and_then(numbers: Sequence[str]) -> str:
    return f", then {listed(numbers)}" if numbers else ""


def _change(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise UsageError(f"--set {quoted(text)} is not of the form KEY=VALUE", hint="write it as --set mem=2x")
    return key.strip(), value.strip()
