"""The commands of qanat, each with a context such as the program itself makes."""

from __future__ import annotations

from collections.abc import Iterator

import click


def contexts(program: click.Command) -> dict[str, click.Context]:
    """Return a context for each command, by its path: `qanat experiment new`."""
    root = click.Context(program, info_name="qanat", **program.context_settings)
    return {context.command_path: context for context in _contexts(root)}


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from _contexts(click.Context(command, context, name))
