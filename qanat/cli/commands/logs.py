"""`qanat logs`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from qanat.cli.options import option
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.log_output import LogOutput, log_output
from qanat.cli.terminal.output import tell
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs.logs import LogReader
from qanat.usecases.tracking.find import Found, check_group

POLL_S = 0.2
REFRESH_S = 1.0


@click.command(epilog="\b\nExample:\n  qanat logs 4 -f\n  qanat logs 4 --group 3 --stderr")
@click.argument("run")
@option("-f", "--follow", is_flag=True, help="Follow the output until the run ends.")
@option("--group", type=click.IntRange(0), metavar="GROUP", help="Show only this group.")
@option("--stderr", is_flag=True, help="Show stderr instead of stdout.")
def logs(run: str, follow: bool, group: int | None, stderr: bool) -> None:
    """Print the output of RUN; if it has several groups, each line starts with the group."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    groups = range(len(found.run.groups)) if group is None else [check_group(found, group)]
    reader, output = LogReader(found, groups, stderr=stderr), log_output(groups)
    try:
        while True:
            ended = not follow or found.run.state.ended
            _print_new(reader, output, last=ended)
            if ended:
                break
            found = _wait(project, found, reader, output)
    finally:
        output.close()


def _wait(project: Project, found: Found, reader: LogReader, output: LogOutput) -> Found:
    """Print new output for a while, then read the run again."""
    until = time.monotonic() + REFRESH_S
    while time.monotonic() < until:
        _print_new(reader, output, last=False)
        time.sleep(POLL_S)
    return find_one(project, found.run.id)


def _print_new(reader: LogReader, output: LogOutput, *, last: bool) -> None:
    """Print what is new, and notes on what cannot be read; `last` if there will be no more."""
    for group, pieces in reader.read_new():
        for data in pieces:
            output.write(group, data)
        if last:
            output.end(group)
    output.pause()
    while reader.problems:
        tell(f"note: {reader.problems.pop(0)}")
