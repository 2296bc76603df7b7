"""`qanat hooks install`, `uninstall` and `status`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from qanat.cli.terminal import tables
from qanat.cli.terminal.output import say, say_json, tell, width
from qanat.usecases.checks import install_hooks
from qanat.usecases.checks.install_hooks import Installed
from qanat.usecases.project import open_project


@click.group(epilog="\b\nExample:\n  qanat hooks install\n  qanat hooks install --remote origin")
def hooks() -> None:
    """Git hooks that check what is about to be committed, without pre-commit."""


@hooks.command(epilog="\b\nExample:\n  qanat hooks install --max-size 20MB --allow 'results/README.md'")
@click.option("--remote", metavar="NAME", help="Let git fetch bring the commits that this remote keeps for runs.")
@click.option("--max-size", metavar="SIZE", help="Refuse larger files; 5MB by default.")
@click.option("--allow", "allowed", multiple=True, metavar="PATTERN", help="Let such files in, results or not.")
def install(remote: str | None, max_size: str | None, allowed: tuple[str, ...]) -> None:
    """Install the hooks, keeping those that are there, and set up how git merges records."""
    project = open_project(Path.cwd())
    done = install_hooks.install(project, remote=remote, max_size=max_size, allowed=allowed)
    for hook, is_new in done.hooks:
        first = f", after {hook.kept.name}" if hook.kept else ""
        say(f"{project.paths.relative(hook.file)} {'installed' if is_new else 'is installed already'}{first}")
    for line in _also(done, remote):
        say(line)
    if done.also_by_pre_commit:
        tell("note: pre-commit runs qanat's hooks in this project as well, and one of the two is enough")


@hooks.command(epilog="\b\nExample:\n  qanat hooks uninstall")
def uninstall() -> None:
    """Remove the hooks; those that were there before are put back."""
    project = open_project(Path.cwd())
    taken = install_hooks.uninstall(project)
    for hook in taken:
        back = f", and what was there before is back ({hook.kept.name})" if hook.kept else ""
        say(f"{project.paths.relative(hook.file)} removed{back}")
    if not taken:
        say("no hook of qanat's is installed")


@hooks.command(epilog="\b\nExample:\n  qanat hooks status --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
    return "installed" if found["current"] else "installed for another qanat; qanat hooks install renews it"


def _also(done: Installed, remote: str | None) -> list[str]:
    lines = []
    if done.attributes:
        lines.append(".gitattributes names how git merges records; commit it")
    if done.driver:
        lines.append("the repository's config names qanat's merge driver")
    if done.remote:
        lines.append(f"git fetch {remote} brings the commits that it keeps for runs; qanat keep --push sends yours")
    return lines
