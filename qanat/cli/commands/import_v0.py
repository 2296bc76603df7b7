"""`qanat import`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, option, used_options
from qanat.cli.terminal.output import plural, say, say_json
from qanat.errors import UsageError
from qanat.import_v0 import import_database
from qanat.import_v0.import_database import Import
from qanat.imports.importing import Wanted
from qanat.imports.ready import check_ready
from qanat.imports.remarks import run_numbers
from qanat.imports.tools import TOOLS
from qanat.usecases.project import Project, open_project

EXAMPLE = """\b
Example:
  qanat import .qanat/database.db --dry-run
  qanat import --from mlflow sqlite:///mlflow.db
  qanat import --from sacred runs/ --experiment train --with-files

Of qanat 0.x, runs keep their numbers, and results stay where they are. Importing again adds what is new and changes
nothing else."""
PAUSE_S = 0.2
V0 = "qanat-0"
RUNS = "Runs of other tools"


@click.command("import", cls=Command, epilog=EXAMPLE)
@click.argument("source", type=click.Path())
@option(
    "--from",
    "tool",
    type=click.Choice([*TOOLS, V0]),
    default=V0,
    show_default=True,
    help="The tool that SOURCE belongs to.",
)
@option("--dry-run", is_flag=True, help="Show what would be imported without writing anything.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
@option("--experiment", group=RUNS, metavar="NAME", help="Import all runs into this experiment.")
@option(
    "--run",
    "runs",
    group=RUNS,
    multiple=True,
    metavar="ID",
    help="Import only the run whose id in that tool begins with ID, even if it was deleted here; may be repeated.",
)
@option("--with-files", group=RUNS, is_flag=True, help="Copy the files of runs (artifacts, figures), too.")
@option("--unended", group=RUNS, is_flag=True, help="Also import runs that have not ended; they become lost.")
def import_(
    source: str,
    tool: str,
    dry_run: bool,
    as_json: bool,
    experiment: str | None,
    runs: tuple[str, ...],
    with_files: bool,
    unended: bool,
) -> int:
    """Import runs of another tool, or a project of qanat 0.x, in one commit.

    SOURCE is what that tool keeps: for mlflow a tracking URI, mlflow.db or mlruns/, for wandb-export a folder of
    offline runs or exported tables, for sacred the folder of its FileStorageObserver, for dvc a repository, logs of
    DVCLive or the output of dvc exp show --json, for qanat-0 the old project's .qanat/database.db.
    """
    project = open_project(Path.cwd())
    if tool != V0:
        from qanat.cli.commands.import_runs import import_runs  # not for a database

        wanted = Wanted(tool, source, experiment, runs, with_files, unended)
        return import_runs(project, wanted, dry_run=dry_run, as_json=as_json)
    if used := [name for name in ("--experiment", "--run", "--with-files", "--unended") if name in used_options()]:
        raise UsageError(f"{used[0]} requires --from with another tool", hint=f"add for example: --from {TOOLS[0]}")
    _import_database(project, Path(source), dry_run=dry_run, as_json=as_json)
    return 0


def _import_database(project: Project, database: Path, *, dry_run: bool, as_json: bool) -> None:
    """Import a database of qanat 0.x and the config.yaml next to it."""
    plan = import_database.plan_import(project, database, _Progress("runs read"), session.runners().default_templates())
    if not dry_run:
        if not plan.manual:
            check_ready(project)
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
