"""`qanat hooks install`, `uninstall` and `status`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from qanat.cli.options import Group, option
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import say, say_json, tell, width
from qanat.errors import UsageError
from qanat.usecases.checks import install_hooks
from qanat.usecases.checks.install_hooks import Installed
from qanat.usecases.project import open_project


@click.group(cls=Group, epilog="\b\nExample:\n  qanat hooks install\n  qanat hooks install --remote origin")
def hooks() -> None:
    """Install git hooks that check what is about to be committed, and one that commits records of runs afterwards."""


@hooks.command(epilog="\b\nExample:\n  qanat hooks install --max-size 20MB --allow 'results/README.md'")
@option("--remote", metavar="REMOTE", help="Make git fetch also fetch the commits that REMOTE keeps for runs.")
@option("--max-size", metavar="SIZE", help="Reject files larger than SIZE (default: 5MB).")
@option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="PATTERN",
    help="Accept files that match PATTERN, even results and large ones; may be repeated.",
)
@option(
    "--records-only",
    is_flag=True,
    help="Install only the hook that commits records, for example if pre-commit runs the checks.",
)
def install(remote: str | None, max_size: str | None, allowed: tuple[str, ...], records_only: bool) -> None:
    """Install the hooks, and configure how git merges records.

    Two hooks check what is about to be committed, as pre-commit can. The third runs after each commit, and commits the
    records that wait for it, with the setting `records: {commit: batch}`. Existing hooks are kept, and run first.
    """
    if records_only and (max_size or allowed):
        given = "--max-size" if max_size else "--allow"
        raise UsageError(f"{given} is for the hooks that --records-only leaves out", hint=f"omit {given}")
    project = open_project(Path.cwd())
    done = install_hooks.install(project, remote=remote, max_size=max_size, allowed=allowed, records_only=records_only)
    for hook, is_new in done.hooks:
        file = project.paths.relative(hook.file)
        first = f"; it runs {hook.kept.name} first" if hook.kept else ""
        say(f"Installed {file}{first}" if is_new else f"{file} is already installed{first}")
    for line in _also(done, remote):
        say(line)
    if done.also_by_pre_commit:
        tell("note: pre-commit runs the qanat hooks in this project as well; one of the two is enough")


@hooks.command(epilog="\b\nExample:\n  qanat hooks uninstall")
def uninstall() -> None:
    """Remove the hooks, and restore those that were there before."""
    project = open_project(Path.cwd())
    taken = install_hooks.uninstall(project)
    for hook in taken:
        back = f" and restored {hook.kept.name}" if hook.kept else ""
        say(f"Removed {project.paths.relative(hook.file)}{back}")
    if not taken:
        say("no qanat hooks are installed")


@hooks.command(epilog="\b\nExample:\n  qanat hooks status --json")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show which hooks are installed."""
    project = open_project(Path.cwd())
    found = [
        {
            "hook": hook.name,
            "file": project.paths.relative(hook.file),
            "installed": hook.ours,
            "current": install_hooks.is_current(hook),
            "after": project.paths.relative(hook.kept) if hook.kept else None,
        }
        for hook in install_hooks.status(project)
    ]
    if as_json:
        say_json(found)
        return
    rows = [(str(f["hook"]), _state(f), str(f["file"]), str(f["after"] or "")) for f in found]
    say(tables.table(("Hook", "State", "File", "After"), rows, width=width(), flexible=(1, 2, 3)))


def _state(found: Mapping[str, object]) -> str:
    if not found["installed"]:
        return "not installed"
    return "installed" if found["current"] else "outdated; update it with: qanat hooks install"


def _also(done: Installed, remote: str | None) -> list[str]:
    lines = []
    if done.attributes:
        lines.append("Added the merge driver for records to .gitattributes; commit that file")
    if done.driver:
        lines.append("Configured the merge driver in this repository")
    if done.remote:
        lines.append(
            f"git fetch {remote} now fetches the commits it keeps for runs; push yours with: qanat keep --push"
        )
    return lines
