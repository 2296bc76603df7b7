"""Asking what to do with uncommitted changes, and which untracked files to commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import is_terminal, say
from qanat.usecases.launch.code import Changes, Uncommitted

if TYPE_CHECKING:
    from qanat.usecases.launch.untracked import Untracked

# Up to this many untracked files are asked for one by one, and up to the other in a list to choose from.
ASKED_SINGLY = 3
ASKED_IN_LIST = 100


def uncommitted_from(options: dict[str, Any]) -> Uncommitted:
    """Return what the options of a command say about uncommitted changes. Raises UsageError."""
    message, snapshot, named = options["commit_message"], options["snapshot"], options["add"]
    if not named:
        return Uncommitted(message, snapshot, allow_secrets=options["allow_secrets"])
    from pathlib import Path

    from qanat.usecases.launch.untracked import from_root
    from qanat.usecases.project import open_project

    added = from_root(open_project(Path.cwd()), named)
    return Uncommitted(message, snapshot, added, options["allow_secrets"])


def ask_about_changes(changes: Changes, wanted: Uncommitted) -> Uncommitted:
    """List uncommitted changes and ask what to do with them, as far as it is not known, if there is a terminal."""
    if not is_terminal():
        return wanted
    if not wanted.is_decided:
        say("There are uncommitted changes:")
        say("\n".join(f"  {line}" for line in changes.lines))
        wanted = _ask_what_to_do(wanted)
    return wanted if wanted.snapshot else _with_files(changes.untracked, wanted)


def _ask_what_to_do(wanted: Uncommitted) -> Uncommitted:
    answer = prompts.choose(
        "What do you want to do with them?",
        [
            ("Commit them, then run", "commit"),
            ("Run a snapshot of them, without committing", "snapshot"),
            ("Cancel", "stop"),
        ],
        option="--commit-message TEXT or --snapshot",
    )
    if answer == "stop":
        raise click.Abort
    if answer == "snapshot":
        return replace(wanted, snapshot=True)
    message = prompts.text("Commit message:", option="--commit-message TEXT", check=_not_empty)
    return replace(wanted, commit_message=message)


def _with_files(found: Sequence[Untracked], wanted: Uncommitted) -> Uncommitted:
    """Ask which untracked files to commit; those that cannot be, or may be secrets, are only listed."""
    named = {file.path for file in found if any(file.path == n or file.path.startswith(f"{n}/") for n in wanted.add)}
    others = [file for file in found if file.path not in named]
    offered = [file for file in others if not file.barred and (wanted.allow_secrets or not file.secret)]
    for file in others:
        if file not in offered:
            say(f"Not committed: {file.described}")
    if len(offered) > ASKED_IN_LIST:
        return wanted
    return replace(wanted, add=(*wanted.add, *_choose(offered)), others_left_out=True)


def _choose(offered: Sequence[Untracked]) -> list[str]:
    if len(offered) <= ASKED_SINGLY:
        return [f.path for f in offered if _confirm(f)]
    choices = [(file.described, file.path) for file in offered]
    return prompts.check_some("Which untracked files should be committed?", choices, option="--add FILE")


def _confirm(file: Untracked) -> bool:
    return prompts.confirm(f"Commit {file.described}?", option="--add FILE", default=file.is_plain)


def _not_empty(answer: str) -> str:
    return "" if answer else "enter a commit message"
