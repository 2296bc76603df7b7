"""`qanat status` and `qanat experiment status`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs.looking_up import no_runs_yet
from qanat.cli.terminal import tables
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, plural, say, say_json, say_json_list, tell_note, width
from qanat.cli.terminal.run_table import run_table
from qanat.domain.config import EACH
from qanat.domain.experiment import Experiment
from qanat.domain.pending_retry import PendingRetry
from qanat.domain.run import Run, State
from qanat.domain.sizes import size
from qanat.usecases.checks import install_hooks
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import listing
from qanat.usecases.runs.failures import failures
from qanat.usecases.runs.listing import ProjectSummary, RunLine
from qanat.usecases.runs.waiting import waiting
from qanat.usecases.tracking import uncommitted

SHOWN = 50
RUNS_EXPLAINED = 5
KINDS_SHOWN = 3
LINES_SHOWN = 60


@click.command(epilog="\b\nExample:\n  qanat status\n  qanat status --live\n  qanat status --json")
@option("--live", is_flag=True, help="Redraw every second until q or Ctrl-C.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(live: bool, as_json: bool) -> None:
    """Show the project and its active runs."""
    project = open_project(Path.cwd())
    if live:
        from qanat.cli.terminal.live import live_table

        live_table(project, None)
        return
    with refreshed(project, session.runners()) as (index, result):
        _tell_notes(result.notes)
        summary = listing.summarise(project, index, result)
        lines = listing.run_lines(index, result, project.root, live=True)
        left = uncommitted.run_ids(project, result.live.values()) if project.config.records != EACH else []
    if as_json:
        found = [each.as_mapping() for each in waiting(result.live.values())]
        due = [each.as_mapping() for each in result.retries.values()]
        say_json({**_as_mapping(summary, lines), "waiting": found, "retries": due, "uncommitted": left})
        return
    _show_summary(project, summary)
    if summary.counts:
        say(f"\n{plural(len(lines), 'active run')}{':' if lines else ''}")
    else:
        say(no_runs_yet(project))
    _say_runs(lines)
    _say_waiting(list(result.live.values()))
    _say_retries(result.retries.values())
    _say_failures(project, list(result.live.values()))
    _say_uncommitted(project, len(left))


def _say_uncommitted(project: Project, count: int) -> None:
    """Print how many runs have records that are not committed yet, and what commits them."""
    if not count:
        return
    what, it = ("The record of 1 run is", "it") if count == 1 else (f"The records of {count:,} runs are", "them")
    say(f"\n{what} not committed yet")
    if not project.config.records_wait:
        say(f"  hint: commit {it} with: qanat commit")
    elif install_hooks.commits_records(project):
        say(f"  hint: your next commit also commits {it}, as does: qanat commit")
    else:
        by_pre_commit = install_hooks.is_run_by_pre_commit(project)
        hook = "qanat hooks install --records-only" if by_pre_commit else "qanat hooks install"
        say(f"  hint: commit {it} with: qanat commit")
        say(f"        or after each commit of yours: {hook}")


def _say_runs(lines: Sequence[RunLine]) -> None:
    for line in run_table(lines, width()):
        say(line)


def _say_waiting(runs: Sequence[Run]) -> None:
    """Print why groups of active runs do not start."""
    for each in waiting(runs)[:RUNS_EXPLAINED]:
        say(brief(f"{MARKS[each.state]} {each}"))


def _say_retries(pending: Iterable[PendingRetry]) -> None:
    """Print which groups are to be retried automatically, and when."""
    for each in sorted(pending, key=lambda one: -one.run)[:RUNS_EXPLAINED]:
        say(brief(f"{MARKS[State.QUEUED]} {each}"))


def _say_failures(project: Project, runs: Sequence[Run]) -> None:
    """Print what failed groups of active runs said last, alike ones together."""
    for run in [run for run in runs if any(group.state is State.FAILED for group in run.groups)][:RUNS_EXPLAINED]:
        for failure in failures(project, run)[:KINDS_SHOWN]:
            line = f"{MARKS[State.FAILED]} run {run.number}: {plural(len(failure.groups), 'group')}: {failure.said}"
            say(tables.cut(line, columns) if (columns := width()) else line)


def _tell_notes(notes: list[str]) -> None:
    for note in notes:
        tell_note(note)


def _as_mapping(summary: ProjectSummary, lines: Sequence[RunLine]) -> dict[str, object]:
    return {
        "experiments": summary.experiments,
        "datasets": summary.datasets,
        "templates": summary.templates,
        "runs": summary.counts,
        "result_bytes": summary.result_bytes,
        "in_flight": [line.summary.id for line in lines],
        "active_runs": [line.as_mapping() for line in lines],
        "unreadable": summary.unreadable,
    }


def _show_summary(project: Project, summary: ProjectSummary) -> None:
    total = sum(sum(states.values()) for states in summary.counts.values())
    say(f"Project {project.root}")
    say(
        f"{plural(summary.experiments, 'experiment')}, {plural(summary.datasets, 'dataset')}, "
        f"{plural(summary.templates, 'template')}, {plural(total, 'run')}, {size(summary.result_bytes)} of results"
    )
    if summary.counts:
        rows = [(name, *_counts(states)) for name, states in sorted(summary.counts.items())]
        say("\n" + tables.table(("Experiment", "Runs", "By state"), rows, width=width(), flexible=(2,)))
    _tell_notes(listing.shortened(summary.unreadable))


def _counts(states: dict[str, int]) -> tuple[str, str]:
    return f"{sum(states.values()):,}", ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))


@click.command(
    epilog="\b\nExample:\n  qanat experiment status summary_iris\n  qanat experiment status summary_iris --live"
)
@click.argument("name")
@option("--live", is_flag=True, help="Redraw every second until q or Ctrl-C.")
@option("-n", "--last", type=click.IntRange(1), metavar="N", help=f"Show the newest N runs (default: {SHOWN}).")
@option("--all", "everything", is_flag=True, help="Show all runs.")
@option("--json", "as_json", is_flag=True, help="Print the records of all runs, or of the newest N, as JSON.")
def experiment_status(name: str, live: bool, last: int | None, everything: bool, as_json: bool) -> None:
    """Show an experiment and its runs, the newest first."""
    project = open_project(Path.cwd())
    experiment = project.experiment(name)
    if live:
        from qanat.cli.terminal.live import live_table

        live_table(project, experiment.name)
        return
    with refreshed(project, session.runners()) as (index, result):
        _tell_notes([*result.notes, *listing.shortened(index.unreadable(name))])
        if as_json:
            say_json_list(listing.run_records(index, result, experiment=name, newest=last))
            return
        newest = None if everything else last or SHOWN
        total = sum(index.counts().get(experiment.name, {}).values())
        lines = listing.run_lines(index, result, project.root, experiment=name, newest=newest)
    _show_experiment(experiment, total)
    if lines:
        say("\n⏳ Runs:")
        _say_runs(lines)
        _say_waiting([run for run in result.live.values() if run.experiment == experiment.name])
        shown = {line.summary.id for line in lines}
        _say_retries([one for one in result.retries.values() if one.id in shown])
    if len(lines) < total:
        say(f"… and {total - len(lines):,} more; --all shows them")


def _show_experiment(experiment: Experiment, runs: int) -> None:
    lines = [
        f"🔖 Name: {experiment.name}",
        f"💬 Description: {experiment.description}",
        f"📁 Path: {experiment.path}",
        f"💾 Datasets: {', '.join(experiment.datasets)}",
        f"⚙ Executable: {experiment.program.executable}",
        f"⚙ Execute command: {experiment.program.command}",
        f"⏳ Number of runs: {runs:,}",
        f"🏷 Tags: {', '.join(experiment.tags)}",
        "🛠 Actions:",
        *(f"  - {action.name}: {action.description}" for action in experiment.actions.values()),
    ]
    for line in map(brief, lines[:LINES_SHOWN]):
        say(line.rstrip())
    if len(lines) > LINES_SHOWN:
        say(f"  … and {len(lines) - LINES_SHOWN:,} more")
