"""Why groups of a run failed, as their programs told it on stderr; groups that say the same are one failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import program_help
from qanat.domain.layout import group_folder
from qanat.domain.run import Run, State
from qanat.domain.shortening import shortened
from qanat.system import files
from qanat.usecases.project import Project

STDERR = "stderr.txt"
TAIL_BYTES = 4096
LINES = 3
LINE_MAX = 300
GROUPS_READ = 1_000
# What parsers say before the name of an option that they do not know: argparse, click, getopt, clap, Go's flag, absl.
_REFUSED = re.compile("(?i)unrecognized|no such option|unexpected argument|not defined|unknown")

# How argparse and click begin the line about arguments that a program does not accept; both then exit with 2.
_WRONG_ARGUMENTS = re.compile(r"(?:\S+: error|Error): ")


@dataclass(frozen=True, slots=True)
class Failure:
    """Groups that failed alike: their numbers, the reason, the last lines on stderr, and the first one's file."""

    groups: tuple[int, ...]
    reason: str
    lines: tuple[str, ...]
    file: Path

    @property
    def is_in_file(self) -> bool:
        """Whether there is a file with what the first of them said, as not for an imported run."""
        return files.is_file(self.file)

    @property
    def refused(self) -> str:
        """The option by which qanat passes something and which the program does not accept; empty if there is none."""
        refused = [found for line in self.lines if (found := _REFUSED.search(line))]
        named = "".join(found.string[found.end() :] for found in refused)
        return next((option for option in program_help.PURPOSE if option.lstrip("-") in named), "")

    @property
    def is_of_arguments(self) -> bool:
        """Whether the program did not accept its arguments, so that the same ones would fail again."""
        return self.reason == "exit code 2" and any(map(_WRONG_ARGUMENTS.match, self.lines))

    @property
    def said(self) -> str:
        """The last line on stderr; the reason if there is none."""
        return self.lines[-1] if self.lines else self.reason


def failures(project: Project, run: Run) -> list[Failure]:
    """List why groups of a run failed, the most frequent first; of many, only the first GROUPS_READ are looked at."""
    failed = [group for group in run.groups if group.state is State.FAILED][:GROUPS_READ]
    folder = project.storage_of(run)
    alike: dict[tuple[str, str], Failure] = {}
    for group in failed:
        file = group_folder(folder, group.number, len(run.groups)) / STDERR
        lines = last_lines(file)
        key = group.reason, lines[-1] if lines else ""
        first = alike.get(key) or Failure((), group.reason, lines, file)
        alike[key] = Failure((*first.groups, group.number), first.reason, first.lines, first.file)
    return sorted(alike.values(), key=lambda failure: -len(failure.groups))


def last_lines(file: Path) -> tuple[str, ...]:
    """Return the last lines of a file that are not blank, as a terminal would have shown them; none without a file."""
    text = files.read_end(file, TAIL_BYTES)
    # A progress bar is redrawn after a carriage return: what came last is what was seen.
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return tuple([shortened(line, LINE_MAX) for line in lines if line][-LINES:])
