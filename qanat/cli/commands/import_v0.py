"""`qanat import`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.terminal.output import plural, say, say_json
from qanat.import_v0 import import_database
from qanat.import_v0.import_database import Import
from qanat.import_v0.meanings import run_numbers
from qanat.usecases.project import open_project

EXAMPLE = """\b
Example:
  qanat import .qanat/database.db --dry-run
  qanat import .qanat/database.db
  qanat import ~/old/project/.qanat/database.db --json

Runs keep their numbers, and results stay where they are. Importing a database again adds what is new and
changes nothing else."""
PAUSE_S = 0.2


@click.command("import", epilog=EXAMPLE)
@click.argument("database", type=click.Path(path_type=Path))
@option("--dry-run", is_flag=True, help="Show what would be imported without writing anything.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(database: Path, dry_run: bool, as_json: bool) -> None:
    """Import the qanat 0.x database DATABASE and the config.yaml next to it, in one commit."""
    project = open_project(Path.cwd())
    plan = import_database.plan_import(project, database, _Progress("runs read"), session.runners().default_templates())
    if not dry_run:
        import_database.check_ready(project, plan)
        import_database.carry_out(project, plan, _Progress("files written"))
    if as_json:
        say_json({**import_database.as_mapping(plan), "dry_run": dry_run})
        return
    _show(plan, dry_run=dry_run)


def _show(plan: Import, *, dry_run: bool) -> None:
    for kind in ("experiment", "dataset", "template"):
        if names := plan.names.get(kind):
            say(f"{plural(len(names), kind)}: {', '.join(names)}")
    if plan.runs:
        states = Counter(run.state.value for run in plan.runs)
        counted = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        say(f"{plural(len(plan.runs), 'run')}: {counted} ({run_numbers(run.number for run in plan.runs)})")
    if plan.comments:
        say(plural(plan.comments, "comment"))
    if ".qanat/config.yaml" in plan.files:
        say("settings: .qanat/config.yaml")
    if plan.here:
        say(f"{plural(len(plan.here), 'file')} from an earlier import, left unchanged")
    if plan.remarks and plan.files:
        say("\nNot imported, or changed:")
        say("\n".join(f"  {remark}" for remark in plan.remarks))
    say(f"\n{_ending(plan, dry_run=dry_run)}")


def _ending(plan: Import, *, dry_run: bool) -> str:
    if dry_run:
        return "nothing was written"
    if plan.commit:
        return f"committed as {plan.commit[:10]}"
    return "saved, but not committed, as the settings say" if plan.manual and plan.files else "nothing new to import"


class _Progress:
    """Shows progress on a terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        now = time.monotonic()
        if done == total:
            click.echo("\r\x1b[K", err=True, nl=False)
        elif now - self._last > PAUSE_S:
            self._last = now
            click.echo(f"\r\x1b[K{done:,} of {total:,} {self._what}", err=True, nl=False)
