"""What the index remembers about an active run: how it was when its scheduler last answered."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qanat.domain import times
from qanat.domain.run import Run
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid
from qanat.records import run_codec
from qanat.records.index import Index

PROBLEM_MAX = 100


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A run as last seen, at `time`; `unseen` is since when groups are unseen.

    `explained` is when the scheduler was last asked why the run's groups wait; empty if it was not.
    """

    time: str
    run: Run
    unseen: Mapping[int, str] = field(default_factory=dict)
    explained: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A scheduler that did not answer, and its runs; `remark` says what is unknown if it is not the state."""

    problem: str
    runs: Sequence[Run]
    memories: Mapping[str, LastSeen | None] = field(default_factory=dict)
    remark: str = ""

    def note(self, ids: Collection[str] | None = None) -> str:
        """Return a sentence on its runs, or on those of them with these ids; empty if there are none."""
        runs = [run for run in self.runs if ids is None or run.id in ids]
        return f"{self.problem}; {self.remark or as_of(runs, self.memories)}" if runs else ""


def brief_problem(problem: str) -> str:
    """Return the start of what a scheduler says about itself, which can be a page."""
    return shortened(problem, PROBLEM_MAX)


def serialise(seen: LastSeen) -> str:
    """Return the text that recall() reads."""
    content: dict[str, Any] = {"moment": seen.time, "unseen": seen.unseen, "run": run_codec.to_mapping(seen.run)}
    return json.dumps(content | ({"explained": seen.explained} if seen.explained else {}))


def recall(index: Index, run: Run) -> LastSeen | None:
    """Return what is remembered about a run; None if nothing is, or if it concerns an earlier submission."""
    found = index.last_seen(run_codec.path_of(run))
    if found is None:
        return None
    try:
        content = json.loads(found[1])
        then = run_codec.from_mapping(content["run"], run.id)
        unseen = {int(number): str(since) for number, since in content["unseen"].items()}
        explained = str(content.get("explained", ""))
    except (ValueError, KeyError, TypeError, AttributeError, InputInvalid):
        return None
    same = then.submission.intent == run.submission.intent and len(then.groups) == len(run.groups)
    return LastSeen(str(content["moment"]), then, unseen, explained) if same else None


def or_memory(run: Run, memory: LastSeen | None) -> Run:
    """Return a run as it was last seen, if it is remembered."""
    return memory.run if memory else run


def as_of(runs: Sequence[Run], memories: Mapping[str, LastSeen | None]) -> str:
    """Return which runs are shown as they were, and as of when."""
    seen_at = [m.time for run in runs if (m := memories.get(run.id))]
    numbers = ", ".join(str(run.number) for run in runs)
    what = f"run{'s' if len(runs) > 1 else ''} {numbers}"
    return f"{what} shown as of {times.local(min(seen_at))}" if seen_at else f"{what} shown as submitted"
