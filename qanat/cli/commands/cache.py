"""`qanat cache status` and `qanat cache clean`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Group, option
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import plural, say, say_json
from qanat.domain.sizes import size
from qanat.usecases.launch import checkouts, shipping
from qanat.usecases.launch.looking import active_runs
from qanat.usecases.project import open_project


@click.group(cls=Group, epilog="\b\nExample:\n  qanat cache status\n  qanat cache clean")
def cache() -> None:
    """Show or clean .qanat/cache, which holds checkouts of commits and schemas for editors.

    It can be deleted at any time.
    """


@cache.command(epilog="\b\nExample:\n  qanat cache status --json")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """List the checkouts in the cache."""
    project = open_project(Path.cwd())
    found = checkouts.cached(project, active_runs(project, session.runners()))
    if as_json:
        say_json([{"checkout": c.folder.name, "bytes": c.bytes, "in_use": c.in_use} for c in found])
        return
    rows = [(c.folder.name, size(c.bytes), "yes" if c.in_use else "") for c in found]
    say(tables.table(("Checkout", "Size", "In use"), rows) if rows else "no checkouts")


@cache.command(epilog="\b\nExample:\n  qanat cache clean")
def clean() -> None:
    """Remove checkouts and shipped archives that no active run uses."""
    project = open_project(Path.cwd())
    live = active_runs(project, session.runners())
    removed, archives = checkouts.clean(project, live), shipping.clean(project, live)
    more = f" and {plural(len(archives), 'archive')}" if archives else ""
    say(f"Removed {plural(len(removed), 'checkout')}{more} ({size(sum(c.bytes for c in removed) + sum(archives))})")
