"""`qanat cancel`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import find_one, finding, until_ended
from qanat.cli.terminal.output import listed, say, tell
from qanat.domain.run import Run, State, count_states
from qanat.errors import QanatError, UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import cancel as cancel_run
from qanat.usecases.runs import order
from qanat.usecases.tracking.find import Found, check_group

Item = TypeVar("Item")
Result = TypeVar("Result")


@click.command(epilog="\b\nExample:\n  qanat cancel 4\n  qanat cancel 4 5 6\n  qanat cancel 4 --group 3 --group 7")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@option(
    "--group",
    "groups",
    type=click.IntRange(0),
    multiple=True,
    metavar="GROUP",
    help="Cancel only this group, and let the others continue; may be repeated.",
)
def cancel(runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    """Cancel active runs, including those that were started in another terminal.

    Programs are interrupted first, and killed if they do not end in time.
    """
    project = open_project(Path.cwd())
    if groups:
        return _cancel_groups(project, runs, groups)
    with finding(project, retries_due=False) as find:
        chosen, codes = _each(dict.fromkeys(runs), find)
    # Those that a scheduler ends are waited for together.
    cancelled, refused = _each(chosen, lambda found: (found, _cancel(project, found)))
    waiting = [found for found, run in cancelled if not run.state.ended]
    ended = {run.id: run for run in until_ended(project, waiting)} if waiting else {}
    for found, run in cancelled:
        now = ended.get(found.run.id, run)
        not_retried = found.retry and found.run.state.ended
        say(f"Run {now.number} of {now.experiment} {_will_not_be_retried(now) if not_retried else _outcome_of(now)}")
    return ([0, *codes, *refused])[-1]


def _each(items: Iterable[Item], act: Callable[[Item], Result]) -> tuple[list[Result], list[int]]:
    """Return what an action returns for each item, and the exit codes of the failures, which are shown."""
    results, codes = [], []
    for item in items:
        try:
            results.append(act(item))
        except QanatError as error:
            tell(f"qanat: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
            codes.append(error.exit_code)
    return results, codes


def _cancel(project: Project, found: Found) -> Run:
    if session.runners().is_in_process(found.run.runner.name):
        found = find_one(project, found.run.id, retries_due=False)  # it may have ended while another one was
    lost = _lost(project, found.run)
    run, notes = cancel_run.cancel_run(project, found, session.runners())
    reporting.tell_notes([*(notes if not found.run.state.ended else ()), *lost])
    return run


def _lost(project: Project, run: Run) -> list[str]:
    """Return a sentence on the runs that will not start, since this one does not finish."""
    waiting = order.waiting_for(project, run)
    found = [str(one.number) for one in waiting if any(a.run == run.id and not a.any for a in one.after)]
    one_of = "run" if len(found) == 1 else "runs"
    return [f"{one_of} {listed(found)} waited for run {run.number}, and will not start"] if found else []


def _cancel_groups(project: Project, runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    if len(runs) > 1:
        raise UsageError("--group requires a single run", hint=f"qanat cancel {runs[0]} --group {groups[0]}")
    found = find_one(project, runs[0], retries_due=False)
    chosen = sorted({check_group(found, number) for number in groups})
    done = cancel_run.cancel_groups(project, found, chosen, session.runners())
    (run,) = until_ended(project, [found], done.active) if done.active else [found.run]
    for number in chosen:
        if number in done.active:
            say(f"Group {number} of run {run.number} {_outcome(run.groups[number].state)}")
        elif number in done.unretried:
            say(f"Group {number} of run {run.number} will not be retried; it has {found.run.groups[number].state}")
    for problem in done.problems(found.run):
        tell(f"qanat: {problem}")
    return UsageError.exit_code if done.ended else 0


def _will_not_be_retried(run: Run) -> str:
    return f"will not be retried; it has {run.state}"


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
