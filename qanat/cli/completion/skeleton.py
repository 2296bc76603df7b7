"""The names of commands and options, for completion, without the code behind them.

Importing a command takes 0.1 s, which is too long after pressing a key. So `skeleton.json`, written by
`make skeleton`, has what completion needs of all commands; a test fails when it is out of date.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import click

from qanat.cli.options import dashed

FILE = os.path.join(os.path.dirname(__file__), "skeleton.json")  # noqa: PTH118, PTH120  # pathlib takes 5 ms

Completer = Callable[[click.Context, click.Parameter, str], list[Any]]
Bones = dict[str, Any]


class SkeletonGroup(click.Group):
    """A group whose commands are built from their descriptions on demand."""

    def __init__(self, name: str, bones: Bones, completers: Mapping[str, Completer]) -> None:
        super().__init__(name, params=_parameters(bones, completers), add_help_option=False)
        self._bones: dict[str, Bones] = bones["commands"]
        self._completers = completers

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order of the table."""
        return list(self._bones)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """Build a command; None for an unknown name."""
        bones = self._bones.get(dashed(cmd_name))
        return build(cmd_name, bones, self._completers) if bones else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Offer the names of the commands, without building them, and the options."""
        from click.shell_completion import CompletionItem

        names = [name for name in self._bones if name.startswith(dashed(incomplete))]
        offered = [CompletionItem(name, help=self._bones[name]["help"]) for name in names]
        return offered + click.Command.shell_complete(self, ctx, incomplete)


class SkeletonCommand(click.Command):
    """A command; `names` is how many arguments come before those of a program (0 if it takes none)."""

    def __init__(self, name: str, bones: Bones, completers: Mapping[str, Completer]) -> None:
        super().__init__(name, params=_parameters(bones, completers), add_help_option=False)
        self.names: int = bones.get("names", 0)


def load(completers: Mapping[str, Completer]) -> SkeletonGroup:
    """Read the skeleton of the whole program; `completers` has a function for each name in COMPLETES."""
    with open(FILE, encoding="utf-8") as file:  # noqa: PTH123
        return SkeletonGroup("qanat", json.load(file), completers)


def build(name: str, bones: Bones, completers: Mapping[str, Completer]) -> click.Command:
    """Build a command or group from its description."""
    return (SkeletonGroup if "commands" in bones else SkeletonCommand)(name, bones, completers)


def _parameters(bones: Bones, completers: Mapping[str, Completer]) -> list[click.Parameter]:
    return [_parameter(bone, completers) for bone in bones["params"]]


def _parameter(bone: Bones, completers: Mapping[str, Completer]) -> click.Parameter:
    completes = bone.get("completes", "")
    details: dict[str, Any] = {"nargs": bone.get("nargs", 1), "required": False}
    if isinstance(completes, list):
        details["type"] = click.Choice(completes)
    elif completes in ("file", "dir"):
        details["type"] = click.Path(file_okay=completes == "file")
    elif completes:
        details["shell_complete"] = completers[completes]
    if "opts" not in bone:
        return click.Argument([bone["name"]], **details)
    if bone.get("flag"):
        details = {"is_flag": True}
    return click.Option(
        [*bone["opts"], bone["name"]],
        help=bone["help"],
        multiple=bone.get("multiple", False),
        hidden=bone.get("hidden", False),
        **details,
    )
