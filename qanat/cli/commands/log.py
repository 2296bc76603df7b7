"""`qanat log`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import plural, say, say_json, width
from qanat.domain.run import State
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import open_project
from qanat.usecases.runs import log as logging
from qanat.usecases.runs.log import Entry, Launched

SHOWN = 20


@click.command(epilog="\b\nExample:\n  qanat log\n  qanat log main..HEAD\n  qanat log -n 100 --json")
@click.argument("revision", default="HEAD", metavar="[REV | A..B]")
@option("-n", "--last", type=click.IntRange(1), metavar="N", help=f"Show the newest N commits (default: {SHOWN}).")
@option("--all", "everything", is_flag=True, help="Show all commits.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def log(revision: str, last: int | None, everything: bool, as_json: bool) -> None:
    """Show the history without commits of run records, and the runs of each commit.

    REV is any revision that git takes; A..B are the commits of B that are not in A. Only runs whose records
    are in the working tree are counted.
    """
    project = open_project(Path.cwd())
    most = None if everything else last or SHOWN
    with refreshed(project, session.runners()) as (index, result):
        reporting.tell_notes(result.notes)
        found = list(islice(logging.history(project, index, result, revision), None if most is None else most + 1))
    shown = found[:most]
    if as_json:
        say_json([_as_mapping(entry) for entry in shown])
        return
    headers = ("Commit", "Date", "Author", "Subject", "Runs")
    say(tables.table(headers, [_row(entry) for entry in shown], width=width(), flexible=(3, 2)))
    if len(found) > len(shown):
        say(f"… and older commits; -n {2 * len(shown)} or --all shows them")


def _row(entry: Entry) -> Sequence[str]:
    logged = entry.logged
    return logged.commit[:10], logged.time[:10], logged.author, logged.subject, _counts(entry.launched)


def _counts(launched: Launched) -> str:
    """Return runs as `3 runs: 2 finished, 1 failed`, in the order in which a run passes through its states."""
    total = launched.states.total()
    if not total:
        return ""
    states = ", ".join(f"{launched.states[s]:,} {s}" for s in State if launched.states[s])
    of_changes = f" ({launched.snapshots:,} with uncommitted changes)" if launched.snapshots else ""
    return f"{plural(total, 'run')}: {states}{of_changes}"


def _as_mapping(entry: Entry) -> dict[str, object]:
    logged, launched = entry.logged, entry.launched
    return {
        "commit": logged.commit,
        "author": logged.author,
        "time": logged.time,
        "subject": logged.subject,
        "runs": launched.ids,
        "states": dict(launched.states),
        "snapshots": launched.snapshots,
    }
