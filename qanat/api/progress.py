"""Progress: what is reported to a Python caller while a run is active."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.api.groups import Group
from qanat.domain import run as records
from qanat.domain.layout import group_folder
from qanat.domain.run import State, count_states
from qanat.usecases.launch.code import LISTED, Captured
from qanat.usecases.launch.view import AlreadyRun, DataReport, EnvironmentReport, Outcome


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run: the number of its groups in each state that occurs, and the group that has just changed.

    `run` is the run's id, `path` its storage directory. `changed` is None when the run starts, and always
    None for a submitted run.
    """

    run: str
    path: Path
    counts: Mapping[str, int]
    changed: Group | None = None

    @property
    def groups(self) -> int:
        """The number of groups."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """The number of groups that have ended."""
        return sum(count for state, count in self.counts.items() if State(state).ended)

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {state}" for state, count in self.counts.items())
        return f"run {self.run}: {counts}"


OnProgress = Callable[[Progress], object]
Shown = OnProgress | bool | None
"""What is called; or whether a line is drawn, which it is by default in a notebook."""


class ProgressView:
    """Reports the progress of a run to a callable.

    An exception in the callable must not end the run: it is kept in `error`, and nothing more is reported.
    """

    def __init__(self, root: Path, on_progress: OnProgress | None) -> None:
        self.error: BaseException | None = None
        self.notes: list[str] = []
        self._root = root
        self._call = on_progress
        self._run: records.Run | None = None
        self._states: dict[int, State] = {}
        self._counts: dict[State, int] = {}

    def captured(self, captured: Captured) -> None:
        """Keep a note on files that the code of the run lacks."""
        if names := [file.described for file in captured.left_out[:LISTED]]:
            more = len(captured.left_out) - LISTED
            rest = f", and {more:,} more" if more > 0 else ""
            self.notes.append(f"untracked, so not part of the recorded code: {', '.join(names)}{rest}")

    def data(self, report: DataReport) -> None:
        """Keep notes on data that differ from those of an earlier run, or cannot be read."""
        self.notes += [*report.lines, *(f"data cannot be read: {problem}" for problem in report.problems[:LISTED])]

    def environment(self, report: EnvironmentReport) -> None:
        """Keep a note on how the environment differs from that of the run that is repeated."""
        self.notes.append(str(report))

    def already_run(self, report: AlreadyRun) -> None:
        """Keep notes on groups that are left out, and on those that are not although a run has them."""
        self.notes += report.lines

    def note(self, text: str) -> None:
        """Warn about what has no effect."""
        self.notes.append(text)

    def container(self, difference: str) -> None:
        """Keep a note on an image that is not the one of an earlier run."""
        self.notes.append(difference)

    def begins(self, run: records.Run, folder: Path) -> None:
        """Report that a run is about to start."""
        self._look_at(run)

    def changed(self, group: records.Group) -> None:
        """Report that a group has started or ended."""
        before = self._states[group.number]
        self._states[group.number] = group.state
        self._counts[before] -= 1
        self._counts[group.state] = self._counts.get(group.state, 0) + 1
        self._tell(group)

    def passing(self) -> None:
        """Report nothing."""

    def waits(self, reason: str) -> None:
        """Report nothing: no group has started or ended."""

    def submitted(self, outcome: Outcome) -> None:
        """Report that the jobs of a run are queued."""
        self._look_at(outcome.run)

    def seen(self, run: records.Run, notes: Sequence[str]) -> None:
        """Report the progress of a submitted run."""
        self._look_at(run)

    def _look_at(self, run: records.Run) -> None:
        self._run = run
        self._states = {group.number: group.state for group in run.groups}
        self._counts = count_states(run.groups)
        self._tell()

    def _tell(self, changed: records.Group | None = None) -> None:
        run = self._run
        if self._call is None or self.error or run is None:
            return
        folder = self._root / run.storage
        group = Group(changed, group_folder(folder, changed.number, len(run.groups))) if changed else None
        counts = {state.value: count for state, count in self._counts.items() if count}
        try:
            self._call(Progress(run.id, folder, counts, group))
        except BaseException as error:  # noqa: BLE001  # it is raised once the run is recorded
            self.error = error
