"""Runs as Python objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from qanat.api.curves import Curve
from qanat.api.groups import Group
from qanat.api.opened import Opened
from qanat.api.progress import Shown
from qanat.api.spelling import for_python, listed
from qanat.domain import run as records
from qanat.domain import times
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.layout import group_folder
from qanat.domain.parameters import by_plain_name
from qanat.errors import UsageError
from qanat.usecases import packages
from qanat.usecases.environment import recorded
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.tracking.find import find_run, read_comment
from qanat.usecases.tracking.settle import metric_sources

if TYPE_CHECKING:
    import pandas as pd


SHOWN = 10


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """One run, as it was when it was requested."""

    record: records.Run
    """Everything in its record."""
    path: Path
    """Its storage directory."""
    comment: str
    """What was written about it, in Markdown."""
    _opened: Opened = field(repr=False, compare=False)

    def __repr__(self) -> str:
        count = len(self.record.groups)
        return f"<Run {self.id} of {self.experiment}: {self.state}, {count:,} group{'s' if count > 1 else ''}>"

    def _repr_html_(self) -> str:
        from qanat.api.html import run_table  # only for notebooks
        from qanat.usecases.runs.failures import failures

        return run_table(self.record, self.path, failures(self._opened.project, self.record))

    @classmethod
    def of(cls, opened: Opened, record: records.Run) -> Run:
        """Return the run of a record."""
        return cls(record, opened.project.storage_of(record), read_comment(opened.project, record), opened)

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return self.record.id

    @property
    def number(self) -> int:
        """The number that people type."""
        return self.record.number

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self.record.experiment

    @property
    def state(self) -> str:
        """Its state: queued, running, held, finished, failed, cancelled or lost."""
        return self.record.state.value

    @property
    def description(self) -> str:
        """What it is for."""
        return self.record.description

    @property
    def runner(self) -> str:
        """Where it ran: local, htcondor, …"""
        return self.record.runner.name

    @property
    def started(self) -> datetime | None:
        """When its first group started."""
        return times.parse(self.record.started) if self.record.started else None

    @property
    def ended(self) -> datetime | None:
        """When its last group ended; None until all have."""
        return times.parse(self.record.ended) if self.record.ended else None

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.record.tags

    @property
    def commit(self) -> str:
        """The commit whose code ran."""
        return self.record.code.commit

    @property
    def data(self) -> dict[str, DataState]:
        """What its datasets and the inputs that its arguments name were at the launch, by name, as far as is known."""
        return {state.name: state for state in self.record.data}

    @property
    def container(self) -> Container | None:
        """The container that its programs worked in: `image`, `engine`, `identity` and more; None without one."""
        return self.record.container

    @property
    def environment(self) -> Mapping[str, Any] | None:
        """The software that its programs found, as in `.qanat/environments/`; None if that is not recorded."""
        found = recorded.read(self._opened.project, self.record.environment)
        return found.as_mapping() if found else None

    @property
    def machines(self) -> list[Mapping[str, Any]]:
        """The machines that its groups ran on, as far as they are recorded."""
        found = recorded.machines_of(self._opened.project, self.record, len(self.record.machines))
        return [machine.as_mapping() for machine in found]

    @property
    def groups(self) -> list[Group]:
        """Its groups, ordered by number."""
        count = len(self.record.groups)
        sources = partial(metric_sources, self._opened.project, self.record)
        return [Group(g, group_folder(self.path, g.number, count), sources) for g in self.record.groups]

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        """The parameters of its only group. Raises UsageError if it has several, which differ in them."""
        return self._only("parameters", "parameters").parameters

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of its only group. Raises UsageError if it has several, each with its own."""
        return self._only("metrics", "metrics").metrics

    def curves(self) -> dict[str, Curve]:
        """Return the curves of its only group, as Group.curves() does. Raises UsageError if it has several."""
        return self._only("curves", "curves()").curves()

    def curve(self, name: str) -> Curve:
        """Return a curve of its only group, as Group.curve() does. Raises UsageError if it has several."""
        return self._only("curves", "curve(name)").curve(name)

    def _only(self, what: str, call: str) -> Group:
        first, *others = self.groups
        if others:
            with for_python():
                raise UsageError(
                    f"run {self.number} has {len(others) + 1:,} groups, each with {what} of its own",
                    hint=f"use [group.{call} for group in run.groups]",
                )
        return first

    def refresh(self) -> Run:
        """Return the run as it is now. Raises NotFound if it was deleted."""
        project = self._opened.project
        with for_python(), refreshed(project, self._opened.runners) as (index, result):
            return Run.of(self._opened, find_run(project, index, result, self.id).run)

    def wait(self, *, on_progress: Shown = None) -> Run:
        """Wait until the run has ended, and return it as it is then.

        `on_progress` is called as in Project.launch() for a submitted run. KeyboardInterrupt ends only the wait.
        Raises UsageError for a run that never ends, since its record was copied from another one.
        """
        from qanat.api import launching  # only needed to start runs

        with for_python():
            return Run.of(self._opened, launching.wait(self._opened, self.record, on_progress))

    def cancel(self, groups: Sequence[int] = ()) -> Run:
        """Cancel the run, wherever it was started, and return its new state. Raises UsageError if it has ended.

        With `groups`, only these are cancelled, and the others continue. That, and a scheduler, may take a while; until
        then the run is unchanged. Do not call this from on_progress, for which the run itself waits.
        """
        from qanat.api import launching  # only needed to start runs

        with for_python():
            return Run.of(self._opened, launching.cancel(self._opened, self.id, groups))


class Runs(Sequence[Run]):
    """Runs, newest first."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = list(runs)

    def __repr__(self) -> str:
        shown = ", ".join(f"{run.id} {run.state}" for run in self._runs[:SHOWN])
        more = f", … and {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return f"<Runs: {shown}{more}>" if self._runs else "<Runs: none>"

    def _repr_html_(self) -> str:
        from qanat.api.html import runs_table  # only for notebooks

        return runs_table([run.record for run in self])

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    @overload
    def __getitem__(self, index: int) -> Run: ...

    @overload
    def __getitem__(self, index: slice) -> Runs: ...

    def __getitem__(self, index: int | slice) -> Run | Runs:
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row for each group: ids, state, parameters and metrics as columns.

        Parameters are numbers if all their values are. A parameter or metric whose name is taken is prefixed with
        `parameter.` or `metric.`. Raises PackageMissing if pandas is not installed.
        """
        try:
            import pandas as pd  # only needed here
        except ImportError:
            raise packages.missing("to_pandas() requires", "pandas") from None
        pairs = [(run, group) for run in self for group in run.groups]
        taken = {*_KNOWN, *(name for _, group in pairs for name in by_plain_name(group.record.args))}
        frame = pd.DataFrame([_columns(run, group, taken) for run, group in pairs])
        for column in frame.columns.difference(list(_KNOWN)):
            numbers = pd.to_numeric(frame[column], errors="coerce")
            if numbers.notna().equals(frame[column].notna()):
                frame[column] = numbers
        return frame


_KNOWN = ("run", "experiment", "group", "state", "commit", "path")


def _columns(run: Run, group: Group, taken: Collection[str]) -> dict[str, object]:
    known = (run.id, run.experiment, group.number, group.state, run.commit, str(group.path))
    columns: dict[str, object] = dict(zip(_KNOWN, known, strict=True))
    for name, value in by_plain_name(group.record.args).items():
        columns[f"parameter.{name}" if name in _KNOWN else name] = value
    for name, number in group.metrics.items():
        columns[f"metric.{name}" if name in taken else name] = number
    return columns


def words(runs: Sequence[Run | str | int]) -> tuple[str, ...]:
    """Return the names of runs on a command line."""
    return tuple(map(word, listed("after", runs)))


def word(run: Run | str | int) -> str:
    """Return the name of a run on a command line."""
    return run.id if isinstance(run, Run) else str(run)
