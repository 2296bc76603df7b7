"""What ended earlier attempts of a group: those before a retry, and those that a scheduler started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qanat.domain.used import Used

# How many a record has of each group: the latest.
EARLIER_MAX = 100


class AttemptState(StrEnum):
    """What became of an earlier attempt: as a group ends, or one of two ends after which the scheduler starts it again.

    STOPPED: the scheduler stopped it. CHECKPOINT: its program said that it is to continue later.
    """

    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    STOPPED = "stopped"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Earlier:
    """How an earlier attempt of a group ended; the fields are those of a group (domain.run).

    `options` are those of the template that the retry which made this attempt had set, as they were typed.
    """

    attempt: int
    state: AttemptState
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    started: str | None = None
    ended: str | None = None
    host: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    used: Used | None = None

    @property
    def described(self) -> str:
        """The state with its reason: `failed (exit code 3)`, but `stopped by the scheduler`."""
        if not self.reason or self.reason.startswith(f"{self.state} "):
            return self.reason or self.state
        return f"{self.state} ({self.reason})"


def counted(ends: Iterable[Earlier]) -> dict[AttemptState, int]:
    """Count attempts by how they ended, in the order of AttemptState."""
    counts = Counter(end.state for end in ends)
    return {state: counts[state] for state in AttemptState if counts[state]}


def combine(attempt: int, *known: Iterable[Earlier]) -> tuple[Earlier, ...]:
    """Return what is known about the attempts before this one, in their order.

    Of two ends of one attempt the one with more evidence counts, whichever comes first.
    """
    best: dict[int, Earlier] = {}
    for each in (one for ends in known for one in ends if one.attempt < attempt):
        best[each.attempt] = max(best.get(each.attempt, each), each, key=_evidence)
    return tuple(best[number] for number in sorted(best)[-EARLIER_MAX:])


def _evidence(end: Earlier) -> tuple[Any, ...]:
    return (
        end.state is not AttemptState.LOST,
        end.exit_code is not None or end.signal is not None,
        end.state is not AttemptState.FAILED,  # the user who cancelled it knows why it failed
        len(end.options),
        end.used is not None,
        end.ended or "",
        end.started or "",
        repr(end),  # arbitrary, but the same for both sides
    )
