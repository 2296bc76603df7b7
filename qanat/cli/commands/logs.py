"""`qanat logs`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from qanat.cli.options import option
from qanat.cli.runs.looking_up import find_one
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
    reader = LogReader(found, groups, stderr=stderr)
    printer = _Printer(prefixed=len(groups) > 1)
    while True:
        ended = not follow or found.run.state.ended
        for number, data in reader.read_new():
            printer.write(number, data)
        if ended:
            break
        found = _wait(project, found, reader, printer)
    printer.close()


def _wait(project: Project, found: Found, reader: LogReader, printer: _Printer) -> Found:
    """Print new output for a while, then read the run again."""
    until = time.monotonic() + REFRESH_S
    while time.monotonic() < until:
        for number, data in reader.read_new():
            printer.write(number, data)
        time.sleep(POLL_S)
    return find_one(project, found.run.id)


class _Printer:
    """Writes output to stdout: unchanged for one group, line by line with a prefix for several."""

    def __init__(self, *, prefixed: bool) -> None:
        self._prefixed = prefixed
        self._rest: dict[int, bytes] = {}

    def write(self, group: int, data: bytes) -> None:
        out = sys.stdout.buffer
        if not self._prefixed:
            out.write(data)
        else:
            *lines, self._rest[group] = (self._rest.get(group, b"") + data).split(b"\n")
            out.writelines(b"group %d | %s\n" % (group, line) for line in lines)
        out.flush()

    def close(self) -> None:
        for group, rest in self._rest.items():
            if rest:
                sys.stdout.buffer.write(b"group %d | %s\n" % (group, rest))
        sys.stdout.buffer.flush()
