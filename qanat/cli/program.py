"""The `qanat` command itself: its own options, and its commands, each imported when it is called."""

from __future__ import annotations

import os
import sys
from typing import Any, cast

import click

from qanat.cli.commands.table import SECTIONS
from qanat.cli.lazy import LazyGroup
from qanat.cli.options import dashed
from qanat.errors import UsageError

EXIT_READER_GONE = 141  # 128 + SIGPIPE, what a shell reports for other programs


class _Program(LazyGroup):
    """The root command; click itself would exit with 1 when the reader of a pipe is gone."""

    def invoke(self, ctx: click.Context) -> Any:
        from qanat.cli.terminal import progress  # not for qanat --help
        from qanat.domain.long_work import shown_by

        try:
            with shown_by(progress.shown):
                return super().invoke(ctx)
        except BrokenPipeError:
            # The reader has closed the pipe; Python would complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_READER_GONE


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from qanat.usecases.own_version import own_version  # not for qanat --help

        click.echo(f"qanat {own_version()}")
        ctx.exit()


@click.group(
    cls=_Program,
    sections=SECTIONS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "token_normalize_func": dashed,
    },
    epilog="Start with qanat init, qanat experiment new FILE and qanat run NAME. Every --help has examples.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option(
    "-C", "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False), help="Run as if started in DIR."
)
def qanat(folder: str | None) -> None:
    """Run command-line experiments, locally or on a cluster, and keep a reviewable record of each run in git."""
    if folder:
        os.chdir(folder)
    try:
        os.getcwd()  # noqa: PTH109  # pathlib takes 5 ms
    except FileNotFoundError:
        raise UsageError("the current directory no longer exists", hint="cd to another one") from None


def typed_command(args: list[str]) -> tuple[str, click.Command]:
    """Return the command that was typed, with its path; click does not say it for an option without its value."""
    path, command = "qanat", cast("click.Command", qanat)
    for word in args:
        if isinstance(command, click.Group) and (found := command.get_command(click.Context(command), dashed(word))):
            path, command = f"{path} {dashed(word)}", found
    return path, command
