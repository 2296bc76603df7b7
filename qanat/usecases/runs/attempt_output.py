"""Where the output of a certain attempt at a group is: in its directory, or where a retry has set it aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.attempts import AttemptState
from qanat.domain.run import Group, Run
from qanat.errors import NotFound, UsageError
from qanat.records import attempt_notes, storage
from qanat.system import folders
from qanat.usecases.tracking.find import Found

_CONTINUED = (AttemptState.CHECKPOINT, AttemptState.STOPPED)


@dataclass(frozen=True, slots=True)
class Output:
    """The folder with the output of attempts, from `first` to `last`: those that continue one another share files."""

    folder: Path
    first: int
    last: int

    def __str__(self) -> str:
        """Return which attempts these are."""
        return f"attempt {self.first}" if self.first == self.last else f"attempts {self.first} to {self.last}"


def outputs_of(found: Found, group: Group) -> list[Output]:
    """List where the output of a group is that is still there, the first attempts first."""
    own = found.group_folder(group.number)
    before = [(number, own / storage.ATTEMPTS / str(number)) for number in _set_aside(own) if number < group.attempt]
    outputs, after = list[Output](), 0
    for last, folder in [*before, (group.attempt, own)]:
        outputs.append(Output(folder, _first_of(found.run, group, folder, last, after), last))
        after = last
    return outputs


def _first_of(run: Run, group: Group, folder: Path, last: int, after: int) -> int:
    """Return the first of the attempts that printed to the same files, the last of which was this one."""
    noted = attempt_notes.attempts_in(folder)
    noted |= {end.attempt for end in group.earlier if end.state in _CONTINUED}
    first = last
    # Each start of a job that does not see the project has a folder of its own.
    while not run.runner.transfer and first - 1 > after and first - 1 in noted:
        first -= 1
    return first


def of_attempt(found: Found, groups: Sequence[int], attempt: int) -> dict[int, Output]:
    """Return where the output of this attempt is, for those of these groups that had it.

    Raises UsageError if none had, and NotFound if what one of them printed is no longer there.
    """
    run = found.run
    had = {n: outputs_of(found, run.groups[n]) for n in groups if 1 <= attempt <= run.groups[n].attempt}
    if not had:
        most = max(run.groups[n].attempt for n in groups)
        who = f"group {groups[0]} of run {run.number}" if len(groups) == 1 else f"run {run.number}"
        only = "there was only attempt 1" if most == 1 else f"there were attempts 1 to {most}"
        raise UsageError(f"{who} has no attempt {attempt}", hint=only)
    chosen = {}
    for number, outputs in had.items():
        output = next((one for one in outputs if one.first <= attempt <= one.last), None)
        if output is None:
            what = f"what attempt {attempt} at group {number} of run {run.number} printed is no longer there"
            raise NotFound(what, hint=f"there is the output of {', '.join(map(str, outputs))}")
        chosen[number] = output
    return chosen


def _set_aside(own: Path) -> list[int]:
    try:
        with folders.opened(own / storage.ATTEMPTS) as descriptor:
            names = [entry.name for entry in folders.names_in(descriptor)]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdecimal() and name.isascii() and len(name) <= len(str(10**6)))
