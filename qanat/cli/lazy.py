"""Groups whose commands are imported when they are called, so that `--help` is fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from qanat.cli.options import dashed

Sections = Mapping[str, Mapping[str, tuple[str, str]]]
"""Commands by section of the help: name to (`module:attribute`, help line); one without a help line is hidden."""

# What commands are called elsewhere, and here.
_OTHER_NAMES = {
    "help": ("--help",),
    "kill": ("cancel",),
    "list": ("runs",),
    "ls": ("list", "runs"),
    "remove": ("delete",),
    "rm": ("delete",),
    "stop": ("cancel",),
}


class LazyGroup(click.Group):
    """A group whose commands are listed in a table and imported when they are called."""

    def __init__(self, *args: Any, sections: Sections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sections = sections
        self._table = {name: entry for commands in sections.values() for name, entry in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order of the table."""
        return [name for name, (_, line) in self._table.items() if line]

    def help_lines(self) -> dict[str, dict[str, str]]:
        """Return the help lines of the commands, by section and name."""
        return {
            title: {name: line for name, (_, line) in commands.items() if line}
            for title, commands in self._sections.items()
        }

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that is not in the table."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of commands without importing one."""
        width = max(map(len, self.list_commands(ctx)))
        for title, lines in self.help_lines().items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in lines.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command. Raises click.UsageError with the nearest names for an unknown one."""
        if dashed(args[0]) not in self._table and not args[0].startswith("-"):
            from qanat.domain.names import nearest
            from qanat.domain.shortening import quoted

            meant = _OTHER_NAMES.get(args[0], ())
            close = [name for name in meant if name in self._table or name.startswith("-")]
            close = close or nearest(args[0], self.list_commands(ctx))
            also = f"; did you mean {' or '.join(close)}?" if close else ""
            raise click.UsageError(f"no such command {quoted(args[0])}{also}", ctx)
        return super().resolve_command(ctx, args)
