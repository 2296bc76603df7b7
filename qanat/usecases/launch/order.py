"""The order in which a run starts: what it has to wait for."""

from __future__ import annotations

from dataclasses import dataclass

from qanat.domain import order
from qanat.domain.order import After
from qanat.domain.run import Run


@dataclass(frozen=True, slots=True)
class Order:
    """What a run has to wait for; `active` are those of the runs that have not ended yet."""

    after: tuple[After, ...] = ()
    active: tuple[Run, ...] = ()

    @property
    def storages(self) -> tuple[str, ...]:
        """The storage directories of the active runs, as their records name them."""
        return tuple(run.storage for run in self.active)

    @property
    def why_unknown(self) -> str:
        """Why it is not known yet what the run will read; empty if it is."""
        return f"run {self.active[0].number} had not ended" if self.active else ""

    @property
    def phrase(self) -> str:
        """What the run waits for, such as `waits for run 4 (train)`."""
        return order.why_waiting(self.after, {run.id: run.experiment for run in self.active})


class NeverStarts(Exception):
    """A run does not start, since another one did not end as required; the message says which."""
