"""`qanat cancel`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one, until_ended
from qanat.cli.terminal.output import say, tell
from qanat.domain.run import Run, State, count_states
from qanat.errors import QanatError, UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import cancel as cancel_run
from qanat.usecases.tracking.find import check_group


@click.command(epilog="\b\nExample:\n  qanat cancel 4\n  qanat cancel 4 5 6\n  qanat cancel 4 --group 3 --group 7")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@option(
    "--group",
    "groups",
    type=click.IntRange(0),
    multiple=True,
    metavar="GROUP",
    help="Cancel only this group of a submitted run; may be repeated.",
)
def cancel(runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    """Cancel active runs, including those that were started in another terminal.

    Programs are interrupted first, and killed if they do not end in time.
    """
    project = open_project(Path.cwd())
    if groups:
        return _cancel_groups(project, runs, groups)
    code = 0
    for word in runs:
        try:
            found = find_one(project, word)
            run, notes = cancel_run.cancel_run(project, found, session.runners())
            run = until_ended(project, found) if not run.state.ended else run
        except QanatError as error:
            tell(f"qanat: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
            code = error.exit_code
            continue
        reporting.tell_notes(notes)
        say(f"Run {run.number} of {run.experiment} {_outcome_of(run)}")
    return code


def _cancel_groups(project: Project, runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    if len(runs) > 1:
        raise UsageError("--group requires a single run", hint=f"qanat cancel {runs[0]} --group {groups[0]}")
    found = find_one(project, runs[0])
    chosen = sorted({check_group(found, number) for number in groups})
    cancel_run.cancel_groups(project, found, chosen, session.runners())
    run = until_ended(project, found, chosen)
    for number in chosen:
        say(f"Group {number} of run {run.number} {_outcome(run.groups[number].state)}")
    return 0


def _outcome_of(run: Run) -> str:
    """Describe what became of a run, some of whose groups may have ended in another way before."""
    counts = count_states(run.groups)
    if not run.state.ended or State.CANCELLED not in counts:
        return _outcome(run.state)
    each = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    return f"cancelled ({each})" if len(counts) > 1 else "cancelled"


def _outcome(state: State) -> str:
    """Describe what became of a run or group; a scheduler may take a while to cancel it."""
    return state.value if state.ended else f"is being cancelled (still {state})"
