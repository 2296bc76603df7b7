"""What earlier runs say about groups that are to run: if they have been run already, or how the nearest differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain.group_key import CODE, COMMAND, CONTAINER, DATA, ENVIRONMENT, NEEDED, PARTS, total
from qanat.domain.run import State

NEW, DONE, FAILED, ACTIVE = "new", "done", "failed", "active"
RESULTS = "results"
IGNORABLE = (CODE, COMMAND, DATA, CONTAINER, ENVIRONMENT, RESULTS)
_RANKS = (NEW, FAILED, ACTIVE, DONE)


@dataclass(frozen=True, slots=True)
class EarlierGroup:
    """A group of a run: `parts` are those of its key as far as they are known, `key` is what its record says."""

    run: str
    number: int
    state: State
    parts: Mapping[str, str]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What earlier runs say about a group: the status, and the group of a run from which it follows.

    DONE: it has finished there, with its results. FAILED: it has ended otherwise, and `why` is its state
    if that is not failed; ACTIVE: it has not ended. NEW: the nearest group, if any has these arguments, differs in some
    parts, or cannot be relied on; `why` says how or why.
    `key` is that of the group that is to run, as far as it is known. `unknown` are the parts in `differs` that are not
    known yet for that group.
    """

    status: str = NEW
    run: str = ""
    group: int | None = None
    differs: tuple[str, ...] = ()
    why: str = ""
    key: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def may_be_done(self) -> bool:
        """Whether it would be done if what is not known yet turned out to be as it was."""
        return bool(self.differs) and set(self.differs) <= set(self.unknown)

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, for JSON."""
        row: dict[str, Any] = {"status": self.status}
        if self.group is not None:
            row |= {"run": self.run, "run_group": self.group, "differs": list(self.differs)}
        return row | ({"why": self.why} if self.why else {}) | ({"key": self.key} if self.key else {})

    def is_better_than(self, other: Standing) -> bool:
        """Return whether it says more, or is nearer, than another one."""
        return self._rank > other._rank

    @property
    def _rank(self) -> tuple[int, bool, int]:
        return _RANKS.index(self.status), self.group is not None, -len(self.differs)


def differing(wanted: Mapping[str, str], earlier: EarlierGroup, ignored: Collection[str] = ()) -> tuple[str, ...]:
    """Return the parts in which an earlier group differs from a wanted one, except for ignored ones.

    What only one of them knows is different, and so are code, command and data that neither knows.
    """
    if not ignored and earlier.key is not None and earlier.key == total(wanted):
        return ()
    return tuple(
        part
        for part in PARTS
        if part not in ignored
        and (wanted.get(part) != earlier.parts.get(part) or (part in NEEDED and part not in wanted))
    )


def status_of(state: State) -> str:
    """Return what a group in this state is for one that executes the same."""
    if state is State.FINISHED:
        return DONE
    return FAILED if state.ended else ACTIVE


def counted_by_run(standings: Sequence[Standing]) -> dict[str, list[int]]:
    """Return the places of the groups that are done, by the id of the run that has them."""
    found: dict[str, list[int]] = {}
    for place, standing in enumerate(standings):
        if standing.status == DONE:
            found.setdefault(standing.run, []).append(place)
    return found
