"""The order between runs: which runs have to end before another one starts, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qanat.domain.shortening import quoted
from qanat.errors import UsageError

if TYPE_CHECKING:
    from qanat.domain.run import State  # which has runs, and they have an order

ANY = "any"


@dataclass(frozen=True, slots=True)
class After:
    """A run, by its id, that has to end before another one starts: with all groups finished, or with `any` end."""

    run: str
    any: bool = False

    @property
    def number(self) -> int:
        """The number in the id."""
        return int(self.run.partition("-")[0])

    def is_met(self, state: State) -> bool:
        """Return whether the run has ended as required if it is in this state."""
        return state.ended and (self.any or state == "finished")

    def is_broken(self, state: State) -> bool:
        """Return whether the run has ended otherwise."""
        return state.ended and not self.is_met(state)

    def as_mapping(self) -> dict[str, Any]:
        """Return the row of a record."""
        return {"run": self.run} | ({ANY: True} if self.any else {})


def split(text: str) -> tuple[str, bool]:
    """Return the run in `RUN` or `RUN:any`, and whether any end will do. Raises UsageError."""
    run, colon, how = text.partition(":")
    if colon and how != ANY:
        raise UsageError(f"--after {quoted(text)} is not of the form RUN or RUN:any", hint="write it as --after 4:any")
    return run, bool(colon)


def why_waiting(after: Sequence[After], names: Mapping[str, str]) -> str:
    """Return what a run waits for; `names` are the experiments of the active runs, by their ids. Empty if for none."""
    active = [f"run {one.number} ({names[one.run]})" for one in after if one.run in names]
    return f"waits for {' and '.join(filter(None, (', '.join(active[:-1]), active[-1])))}" if active else ""


def why_never(after: Sequence[After], ends: Mapping[str, State]) -> str:
    """Return why a run will not start, given how runs have ended, by their ids. Empty if nothing prevents it."""
    broken = next((one for one in after if one.run in ends and one.is_broken(ends[one.run])), None)
    return f"run {broken.number} {described_end(ends[broken.run])}" if broken else ""


def described_end(state: State) -> str:
    """Return how a run ended, as the predicate of a sentence."""
    return {"failed": "failed", "finished": "finished"}.get(state.value, f"was {state}")
