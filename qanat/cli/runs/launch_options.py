"""The command-line options that say how a run is started, which several commands share."""

from __future__ import annotations

from typing import Any

import click

from qanat.usecases.launch.options import LaunchOptions


def options_for(command: Any) -> Any:
    """Add the options of LaunchOptions to a command."""
    for option in (
        click.option(
            "--cancel_on_interrupt", "--cancel-on-interrupt", is_flag=True, help="With --wait: Ctrl-C cancels."
        ),
        click.option(
            "--max_running",
            "--max-running",
            type=click.IntRange(1),
            metavar="N",
            help="Of a submitted run, let at most N groups run at the same time.",
        ),
        click.option("--wait", is_flag=True, help="Wait for the end of a submitted run; the exit code is the run's."),
        click.option("--fail_fast", "--fail-fast", is_flag=True, help="Start no more groups once one has failed."),
        click.option(
            "--n_threads",
            "--n-threads",
            "-j",
            type=click.IntRange(1),
            metavar="N",
            help="Groups to run at the same time, here; 1, or as many as the run had that is run again.",
        ),
        click.option(
            "--submit_template",
            "--submit-template",
            metavar="TEMPLATE",
            help="Options for the scheduler: a file, or the name of a template; 'default' otherwise.",
        ),
    ):
        command = option(command)
    return command


def options_from(options: dict[str, Any], runner: str) -> LaunchOptions:
    """Read LaunchOptions out of a command's options."""
    return LaunchOptions(
        runner,
        options["submit_template"],
        options["n_threads"],
        options["fail_fast"],
        options["wait"],
        options["cancel_on_interrupt"],
        options["max_running"],
    )
