"""Naming options in messages as the user typed them: `-j` where the message has `--n-threads`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from qanat.cli.options import NAMES_NOW
from qanat.cli.terminal.arguments import ONLY_BEFORE_NAME


def as_typed(message: str, command: click.Command, args: Sequence[str]) -> str:
    """Return a message with the options of a command as they are spelled in the arguments, where all spell them alike.

    Programs use some short options as well, which messages then are about.
    """
    own = args[: args.index("--")] if "--" in args else args
    for parameter in command.params:
        spelled = set(_spellings(parameter, own)) if isinstance(parameter, click.Option) else set()
        if len(spelled) == 1 and not spelled & ONLY_BEFORE_NAME:
            (typed,) = spelled
            message = message.replace(" / ".join(f"'{name}'" for name in parameter.opts), f"'{typed}'")  # click's way
            for name in parameter.opts:
                message = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", typed, message)
    return message


def _spellings(option: click.Option, arguments: Sequence[str]) -> Iterator[str]:
    """Yield how an option is spelled where it occurs, with dashes for underscores."""
    for word in arguments:
        name = word.partition("=")[0].replace("_", "-") if word.startswith("--") else word[:2]
        if name in option.opts or f"--{NAMES_NOW.get(name[2:], '')}" in option.opts:
            yield name
