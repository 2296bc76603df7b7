"""What a launch reports on the way, and its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from qanat.domain.data import Difference
from qanat.domain.environment import listed
from qanat.domain.group_key import INPUTS_MAX
from qanat.domain.run import Group, Run
from qanat.domain.standing import ACTIVE, NEW, Standing, counted_by_run
from qanat.system import files
from qanat.usecases.launch.code import Captured

DATA_SHOWN = 5
RUNS_SHOWN = 5
CUT = (
    f"the arguments name {INPUTS_MAX:,} files or more: the first {INPUTS_MAX:,} are recorded, and --needed will not "
    "recognize these groups"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run as a launch leaves it, what the user should know about it, and the signal that ended it early.

    The run has ended, unless it was submitted and not waited for. `on_request`: somebody asked for the run to be
    cancelled, and this process received no signal. `groups` are the numbers of the groups that were to start, `command`
    is the full command of the first one that was submitted. If all groups have been run already, nothing was started,
    and the run, which is not `is_new`, is the newest that has some of them. `standings` say what earlier runs had of
    the groups that were asked for, if only what was needed was to run.
    """

    run: Run
    notes: tuple[str, ...] = ()
    interrupted: int | None = None
    on_request: bool = False
    groups: tuple[int, ...] = ()
    command: tuple[str, ...] = ()
    is_new: bool = True
    standings: Sequence[Standing] = ()


@dataclass(frozen=True, slots=True)
class DataReport:
    """How the data of a run differ from those of an earlier one, by its number, and what of them cannot be read.

    `repeats` says that the earlier run is the one that is repeated or retried, and not just the last one. `is_cut` says
    that arguments name more files than are looked at.
    """

    earlier: int
    repeats: bool
    differences: Sequence[Difference]
    problems: Sequence[str] = ()
    is_cut: bool = False

    @property
    def lines(self) -> list[str]:
        """The report, line by line, without a mark such as `note:`."""
        shown = [str(difference) for difference in self.differences[:DATA_SHOWN]]
        more = [f"and {len(self.differences) - DATA_SHOWN:,} more"] if len(self.differences) > DATA_SHOWN else []
        what = "data differ from those of" if self.repeats else "data changed since"
        found = [f"{what} run {self.earlier}: {'; '.join([*shown, *more])}"] if shown else []
        return [*found, CUT] if self.is_cut else found


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """How the environment of a run differs from that of the one that it repeats, by its number, as phrases."""

    earlier: int
    differences: Sequence[str]

    def __str__(self) -> str:
        """Return the report as one sentence, without a mark such as `warning:`."""
        return f"the environment differs from that of run {self.earlier}: {listed(self.differences)}"


@dataclass(frozen=True, slots=True)
class AlreadyRun:
    """What earlier runs have of the groups that are asked for, and where their results are, by the ids of the runs.

    `unknown` are datasets that nobody looks at, so that they count as unchanged.
    """

    standings: Sequence[Standing]
    storages: Mapping[str, str]
    unknown: Sequence[str] = ()

    @property
    def left_out(self) -> dict[str, list[int]]:
        """The places of the groups that are left out, by the id of the run that has them."""
        return counted_by_run(self.standings)

    @property
    def lines(self) -> list[str]:
        """What is left out, what is active elsewhere, and why groups that resemble earlier ones run, line by line."""
        count = len(self.standings)
        found = [
            f"{len(places):,} of {counted_groups(count)} {'was' if len(places) == 1 else 'were'} run already, in run "
            f"{number_in(run)}: {self.storages[run]}"
            for run, places in [*self.left_out.items()][:RUNS_SHOWN]
        ]
        more = len(self.left_out) - RUNS_SHOWN
        found += [f"and others in {more:,} more runs"] if more > 0 else []
        if found and self.unknown:
            also = "is not looked at, and counts" if len(self.unknown) == 1 else "are not looked at, and count"
            found.append(f"{', '.join(self.unknown)} {also} as unchanged")
        active = [standing for standing in self.standings if standing.status == ACTIVE]
        if active:
            also = "is still active" if len(active) == 1 else "are still active"
            found.append(f"{len(active):,} of {counted_groups(count)} {also} in run {number_in(active[0].run)}")
        again = (s for s in self.standings if s.status == NEW and s.why and not s.differs)
        reasons = dict.fromkeys(f"group {s.group} of run {number_in(s.run)} does not count: {s.why}" for s in again)
        return [*found, *[*reasons][:RUNS_SHOWN], *self._differing[:RUNS_SHOWN]]

    @property
    def _differing(self) -> list[str]:
        """How many groups differ from those of a run with the same arguments, and in what."""
        nearest = Counter((s.run, s.why) for s in self.standings if s.status == NEW and s.differs)
        whole = counted_groups(len(self.standings))
        return [
            f"{count:,} of {whole} differ{'s' if count == 1 else ''} from run {number_in(run)}: {why}"
            for (run, why), count in nearest.items()
        ]


def counted_groups(count: int) -> str:
    """Return a number of groups with its noun."""
    return f"{count:,} group{'' if count == 1 else 's'}"


def number_in(run: str) -> str:
    """Return the number in the id of a run."""
    return run.partition("-")[0]


class RunView(Protocol):
    """Shows a run that is started here."""

    def begins(self, run: Run, folder: Path) -> None:
        """Called when the run is about to start; folder is its storage directory."""

    def changed(self, group: Group) -> None:
        """Called when a group has started or ended."""

    def passing(self) -> None:
        """Called regularly."""


class WatchView(RunView, Protocol):
    """Shows a run that is started here, and may have to wait for others first."""

    def waits(self, reason: str) -> None:
        """Called regularly as long as the run waits."""


@dataclass(frozen=True, slots=True)
class BeginningView:
    """Shows nothing of a run but its beginning, to a callable."""

    report: Callable[[Run], None]

    def begins(self, run: Run, folder: Path) -> None:
        """Report the run."""
        self.report(run)

    def changed(self, group: Group) -> None:
        """Report nothing."""

    def passing(self) -> None:
        """Report nothing."""

    def waits(self, reason: str) -> None:
        """Report nothing."""


class LaunchView(WatchView, Protocol):
    """Shows a run, wherever it is started."""

    def captured(self, captured: Captured) -> None:
        """Called when it is known which code will run, if there are untracked files."""

    def data(self, report: DataReport) -> None:
        """Called before the start if data differ from those of an earlier run, or cannot be read."""

    def environment(self, report: EnvironmentReport) -> None:
        """Called before the start if the environment differs from that of the run that is repeated."""

    def already_run(self, report: AlreadyRun) -> None:
        """Called before the start if only what is needed is to run."""

    def note(self, text: str) -> None:
        """Report what the user should know before the start."""

    def container(self, difference: str) -> None:
        """Called before the start if the image is not the one of the run that is repeated."""

    def submitted(self, outcome: Outcome) -> None:
        """Called when the jobs of the run are queued, or continue in the background."""

    def seen(self, run: Run, notes: Sequence[str]) -> None:
        """Called when a run that is waited for has been polled."""


def open_output(path: Path) -> BinaryIO:
    """Open a file that a program prints to. Raises OSError, also for a pipe that the program has put in its place."""
    return files.open_for_reading(path)
