"""`qanat logs`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal.log_output import Label, LogOutput, log_output
from qanat.cli.terminal.output import plural, tell, tell_note
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs.logs import STDERR, STDOUT, LogReader, Source
from qanat.usecases.tracking.find import Found, check_group, is_active

if TYPE_CHECKING:
    from qanat.usecases.runs.output_elsewhere import OutputElsewhere

POLL_S = 0.2
REFRESH_S = 1.0


@click.command(
    epilog="\b\nExample:\n  qanat logs 4 -f\n  qanat logs 4 --tail 20\n  qanat logs 4 --group 3 --stderr\n"
    "  qanat logs 4 --group 3 --attempt 1"
)
@click.argument("run")
@option("-f", "--follow", is_flag=True, help="Follow the output until the run ends, on a terminal with stderr.")
@option("-n", "--tail", type=click.IntRange(0), metavar="N", help="Show only the last N lines of each group.")
@option("--group", type=click.IntRange(0), metavar="GROUP", help="Show only this group.")
@option("--attempt", type=click.IntRange(1), metavar="N", help="Show this attempt, which may be an earlier one.")
@option("--stdout", is_flag=True, help="Show only stdout.")
@option("--stderr", is_flag=True, help="Show only stderr.")
def logs(
    run: str, follow: bool, tail: int | None, group: int | None, attempt: int | None, stdout: bool, stderr: bool
) -> None:
    """Print the output of RUN; if it has several groups, each line starts with the group.

    This is stdout, or stderr for groups that have printed nothing to stdout. Groups that were retried show their last
    attempt. Attempts that continue one another, as from a checkpoint, print to the same files.
    """
    if stdout and stderr:
        raise UsageError("--stdout cannot be used with --stderr", hint="use one of them")
    if follow and attempt is not None:
        raise UsageError("--follow cannot be used with --attempt", hint="leave out --attempt to follow the last one")
    project = open_project(Path.cwd())
    found = find_one(project, run)
    groups = range(len(found.run.groups)) if group is None else [check_group(found, group)]
    chosen = STDOUT if stdout else STDERR if stderr else None
    if attempt is not None:
        _print_attempt(found, groups, attempt, chosen, tail)
        return
    streams = [chosen] if chosen else [STDOUT, STDERR] if follow and sys.stdout.isatty() else [STDOUT]
    output = log_output(len(groups) * len(streams), _labels(len(groups), chosen, streams))
    with _elsewhere(project, found) as elsewhere:
        reader = LogReader(found, groups, streams, tail=tail, elsewhere=elsewhere)
        try:
            while True:
                ended = not follow or not is_active(found.run)
                if elsewhere and not ended:
                    elsewhere.follow(found, groups, streams)
                    reader.problems += _taken(elsewhere.problems)
                _print_new(reader, output, last=ended)
                if ended:
                    break
                found = _wait(project, found, reader, output)
            if chosen is None and streams == [STDOUT]:
                _print_instead(found, reader, output)
        finally:
            output.close()


def _print_attempt(found: Found, groups: Sequence[int], attempt: int, chosen: str | None, tail: int | None) -> None:
    """Print what an attempt has printed, whichever it was."""
    from qanat.usecases.runs import attempt_output  # only for attempts that are asked for

    outputs = attempt_output.of_attempt(found, groups, attempt)
    shared = sorted({str(output) for output in outputs.values() if output.first != output.last})
    for which in shared[:1]:
        tell(f"note: {which} printed to the same files")
    folders = {number: output.folder for number, output in outputs.items()}
    stream = chosen or STDOUT
    reader = LogReader(found, list(folders), [stream], tail=tail, folders=folders)
    output = log_output(len(groups), _labels(len(groups), chosen, [stream]))
    try:
        _print_new(reader, output, last=True)
        if chosen is None and _print_stderr_of_silent(reader, output):
            return
        if not reader.groups_with(stream):
            other = STDOUT if stream == STDERR else STDERR
            more = f"; it printed to {other}: use --{other}" if reader.groups_with(other) else ""
            tell(f"note: attempt {attempt} printed nothing to {stream}{more}")
    finally:
        output.close()


def _elsewhere(project: Project, found: Found) -> AbstractContextManager[OutputElsewhere | None]:
    """Return what has the output of a run whose jobs do not see the project; nothing for any other run."""
    if not found.run.runner.transfer:
        return nullcontext()
    from qanat.usecases.runs.output_elsewhere import OutputElsewhere

    return OutputElsewhere(project, session.runners().submitting(found.run.runner.name))


def _taken(problems: list[str]) -> list[str]:
    found = list(problems)
    problems.clear()
    return found


def _labels(groups: int, chosen: str | None, streams: Sequence[str]) -> Label:
    """Return what each line begins with: its group if there are several, and stderr if it may be either stream."""

    def label(source: Source) -> str:
        parts = [f"group {source.group}"] if groups > 1 else []
        if source.stream == STDERR and chosen is None and (groups > 1 or len(streams) > 1):
            parts.append(STDERR)
        return f"{' '.join(parts)} | " if parts else ""

    return label


def _print_instead(found: Found, reader: LogReader, output: LogOutput) -> None:
    """Print the stderr of groups that have printed nothing to stdout, and tell where there is more."""
    if _print_stderr_of_silent(reader, output):
        return
    loud = reader.groups_with(STDOUT)
    if reader.groups_with(STDERR):
        tell(f"note: there is more on stderr: qanat logs {found.run.number} --stderr")
    elif not loud and found.run.runner.transfer and is_active(found.run):
        tell(f"note: output comes back when groups have ended; to see it now: qanat logs {found.run.number} -f")
    elif not loud and reader.is_complete:
        tell("note: nothing has been printed")


def _print_stderr_of_silent(reader: LogReader, output: LogOutput) -> bool:
    """Print the stderr of groups that have printed nothing to stdout; return whether there are any."""
    loud, silent = reader.groups_with(STDOUT), reader.turn_to_stderr()
    if silent:
        which = f" of {plural(len(silent), 'group')}" if loud else ""
        tell(f"note: nothing on stdout{which}; this is stderr")
        _print_new(reader, output, last=True)
    return bool(silent)


def _wait(project: Project, found: Found, reader: LogReader, output: LogOutput) -> Found:
    """Print new output for a while, then read the run again."""
    until = time.monotonic() + REFRESH_S
    while time.monotonic() < until:
        _print_new(reader, output, last=False)
        time.sleep(POLL_S)
    return find_one(project, found.run.id)


def _print_new(reader: LogReader, output: LogOutput, *, last: bool) -> None:
    """Print what is new, and notes on what cannot be read; `last` if there will be no more."""
    for source, pieces in reader.read_new():
        for data in pieces:
            output.write(source, data)
        if last:
            output.end(source)
    output.pause()
    while reader.problems:
        tell_note(reader.problems.pop(0))
