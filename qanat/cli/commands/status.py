"""`qanat status` and `qanat experiment status`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.terminal import tables
from qanat.cli.terminal.output import plural, say, say_json, say_json_list, size, tell, width
from qanat.domain.experiment import Experiment
from qanat.runners import registry
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import listing
from qanat.usecases.runs.listing import ProjectSummary
from qanat.usecases.tracking.refresh import refreshed

SHOWN = 50


@click.command(epilog="\b\nExample:\n  qanat status\n  qanat status --live\n  qanat status --json")
@click.option("--live", is_flag=True, help="Redraw every second; q or Ctrl-C leaves.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(live: bool, as_json: bool) -> None:
    """Show what the project holds and which runs are going on."""
    project = open_project(Path.cwd())
    if live:
        from qanat.cli.terminal.live import live_table

        live_table(project, None)
        return
    with refreshed(project, registry.RUNNERS) as (index, result):
        _tell_notes(result.notes)
        summary = listing.summarise(project, index, result)
        lines = listing.run_lines(index, result, project.root, live=True)
    if as_json:
        say_json(_as_mapping(summary, lines))
        return
    _show_summary(project, summary)
    if lines:
        say("\nGoing on:")
        say(tables.table(tables.RUN_HEADERS, tables.run_rows(lines), width=width(), flexible=tables.RUN_FLEXIBLE))


def _tell_notes(notes: list[str]) -> None:
    for note in notes:
        tell(f"note: {note}")


def _as_mapping(summary: ProjectSummary, lines: list[listing.RunLine]) -> dict[str, object]:
    return {
        "experiments": summary.experiments,
        "datasets": summary.datasets,
        "templates": summary.templates,
        "runs": summary.counts,
        "result_bytes": summary.result_bytes,
        "in_flight": [line.summary.id for line in lines],
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
    for problem in summary.unreadable[:SHOWN]:
        tell(f"note: {problem}")


def _counts(states: dict[str, int]) -> tuple[str, str]:
    return f"{sum(states.values()):,}", ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))


@click.command(
    epilog="\b\nExample:\n  qanat experiment status summary_iris\n  qanat experiment status summary_iris --live"
)
@click.argument("name")
@click.option("--live", is_flag=True, help="Redraw every second; q or Ctrl-C leaves.")
@click.option("--last", "-n", type=click.IntRange(1), metavar="N", help=f"Show the newest N runs instead of {SHOWN}.")
@click.option("--all", "everything", is_flag=True, help="Show all runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the records of all runs (or of the newest N) as JSON.")
def experiment_status(name: str, live: bool, last: int | None, everything: bool, as_json: bool) -> None:
    """Show an experiment and the table of its runs, the newest first."""
    project = open_project(Path.cwd())
    experiment = project.experiment(name)
    if live:
        from qanat.cli.terminal.live import live_table

        live_table(project, name)
        return
    with refreshed(project, registry.RUNNERS) as (index, result):
        _tell_notes(result.notes)
        if as_json:
            say_json_list(listing.run_records(index, result, experiment=name, newest=last))
            return
        newest = None if everything else last or SHOWN
        total = sum(index.counts().get(experiment.name, {}).values())
        lines = listing.run_lines(index, result, project.root, experiment=name, newest=newest)
    _show_experiment(experiment, total)
    if lines:
        say("\n⏳ Runs:")
        say(tables.table(tables.RUN_HEADERS, tables.run_rows(lines), width=width(), flexible=tables.RUN_FLEXIBLE))
    if len(lines) < total:
        say(f"… the newest {len(lines)} of {total:,}; --all shows every one")


def _show_experiment(experiment: Experiment, runs: int) -> None:
    say(f"🔖 Name: {experiment.name}")
    say(f"💬 Description: {experiment.description}")
    say(f"📁 Path: {experiment.path}")
    say(f"💾 Datasets: {', '.join(experiment.datasets)}")
    say(f"⚙ Executable: {experiment.program.executable}")
    say(f"⚙ Execute command: {experiment.program.command}")
    say(f"⏳ Number of runs: {runs:,}")
    say(f"🏷 Tags: {', '.join(experiment.tags)}")
    say("🛠 Actions:")
    for action in experiment.actions.values():
        say(f"  - {action.name}: {action.description}")
