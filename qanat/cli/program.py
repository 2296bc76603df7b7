"""The `qanat` command itself: its own options, and the table of its subcommands, each loaded when it is called."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from qanat import __version__
from qanat.cli.commands.table import COMMANDS
from qanat.cli.lazy import LazyGroup
from qanat.errors import UsageError

EXIT_READER_GONE = 141  # 128 + SIGPIPE, as a shell has it for other programs


class _Program(LazyGroup):
    """The top of the program; click itself would make exit code 1 of a reader that has gone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has seen enough; Python must not complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_READER_GONE


@click.group(
    cls=_Program,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: qanat init, qanat experiment new, qanat run NAME. Each command has --help with an example.",
)
@click.version_option(__version__, prog_name="qanat", message="%(prog)s %(version)s")
@click.option("-C", "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False), help="Work in DIR.")
def qanat(folder: str | None) -> None:
    """Run command-line experiments here or on a cluster, and keep a reviewable record of each in git."""
    if folder:
        os.chdir(folder)
    try:
        os.getcwd()  # noqa: PTH109  # pathlib takes 5 ms
    except FileNotFoundError:
        raise UsageError("the current folder is not there any more", hint="go to another: cd") from None
