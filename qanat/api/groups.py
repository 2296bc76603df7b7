"""Groups of runs as Python objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import run as records
from qanat.domain.parameters import by_name

ARGUMENTS_SHOWN_MAX = 80


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    """One execution of the program: its arguments, how it ended, its directory."""

    record: records.Group
    path: Path

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
    def parameters(self) -> dict[str, str | list[str]]:
        """The arguments by name: `pos_0`, … for those before the first option, then `--option`: value."""
        return by_name(self.record.args)

    @property
    def metrics(self) -> Mapping[str, float]:
        """The numbers that the program left."""
        return self.record.metrics

    @property
    def exit_code(self) -> int | None:
        """The program's exit code; None while it runs, or if a signal killed it."""
        return self.record.exit_code
