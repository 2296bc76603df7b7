"""Groups of runs as Python objects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qanat.api.curves import Curve
from qanat.api.spelling import for_python
from qanat.domain import run as records
from qanat.domain.experiment import MetricSource
from qanat.domain.parameters import by_name

ARGUMENTS_SHOWN_MAX = 80


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    """One execution of the program: its arguments, how it ended, its directory."""

    record: records.Group
    """Everything in its record."""
    path: Path
    """Its directory in that of the run, which is that of the run if it has only this group."""
    # The files of metrics of its experiment, which are looked up when curves are read.
    _sources: Callable[[], Sequence[MetricSource]] = field(default=tuple, repr=False, compare=False)

    def __repr__(self) -> str:
        arguments = " ".join(argument[:ARGUMENTS_SHOWN_MAX] for argument in self.args[:ARGUMENTS_SHOWN_MAX])
        shown = ascii(arguments if len(arguments) <= ARGUMENTS_SHOWN_MAX else f"{arguments[:ARGUMENTS_SHOWN_MAX]}...")
        return f"<Group {self.number}: {self.state}, {shown}>"

    @property
    def number(self) -> int:
        """Its number in the run, from 0."""
        return self.record.number

    @property
    def state(self) -> str:
        """Its state: queued, running, held, finished, failed, cancelled or lost."""
        return self.record.state.value

    @property
    def args(self) -> tuple[str, ...]:
        """The program's own arguments, as they were typed."""
        return self.record.args

    @property
    def key(self) -> str | None:
        """What it executes, as a digest of code, command, arguments, data and environment; None if not recorded."""
        return self.record.key

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        """The arguments by name: `pos_0`, … for those before the first option, then `--option`: value."""
        return by_name(self.record.args)

    @property
    def metrics(self) -> Mapping[str, float]:
        """The numbers that the program left."""
        return self.record.metrics

    def curves(self) -> dict[str, Curve]:
        """Return its curves by name, as they are in its files now, even while it runs.

        What cannot be read of the files is a warning. Raises InputInvalid if its results are gone.
        """
        return self._read(None)

    def curve(self, name: str) -> Curve:
        """Return its curve of this name. Raises NotFound, with the nearest names."""
        return self._read(name)[name]

    def _read(self, name: str | None) -> dict[str, Curve]:
        from qanat.usecases.runs import whole_curves  # few callers read curves

        with for_python():
            if name is None:
                found, problems = whole_curves.curves_of(self.record, self.path, self._sources())
            else:
                found, problems = whole_curves.curve_of(self.record, self.path, self._sources(), name)
        for problem in problems:
            warnings.warn(f"{problem.path}: {problem.what}", stacklevel=3)
        return {known: Curve(known, _plain(curve.steps), [*curve.values]) for known, curve in found.items()}

    @property
    def exit_code(self) -> int | None:
        """The program's exit code; None while it runs, or if a signal killed it."""
        return self.record.exit_code


def _plain(steps: Sequence[float]) -> list[float]:
    """Return steps as whole numbers, if all are."""
    return [*map(int, steps)] if all(step.is_integer() for step in map(float, steps)) else [*steps]
