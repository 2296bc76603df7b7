"""The columns of a listing of runs: the index, summaries, tables and JSON are all made from `RunSummary`.

A new column is one field of `RunSummary`, annotated with a `Column` that says how its value is taken from a
run, and how a table shows it. See "A column in the tables of runs" in CONTRIBUTING.md.
"""

# Not `from __future__ import annotations`: a lambda in an annotation kept as text would not see this module.
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from qanat.domain.pauses import paused_s
from qanat.domain.run import Run, State
from qanat.domain.shortening import shortened
from qanat.domain.varying import spread_parameters

LAST = 99
# A listing has the beginning of a longer text, and the first of many tags; the record has all of them.
TEXT_MAX = 1_000
TAGS_MAX = 100


class Form(Enum):
    """How a table writes a value; each is known to the terminal by its name."""

    TEXT = auto()
    LIST = auto()
    ID = auto()
    DESCRIPTION = auto()
    LAUNCH = auto()
    DURATION = auto()
    STATE = auto()
    PROGRESS = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """How a column's value is taken from a run and shown.

    A column without heading is not shown: it is there for other columns and for JSON. On a narrow terminal
    columns are left out by `rank`, the highest first; `least` is the width down to which one is cut before
    that (0: never), from its start where the end says more. `when_mixed` columns are shown when the runs
    listed differ in it. The value of an `as_json` column is JSON text. One that does not `change` after the
    launch is never taken again from a run that is active.
    """

    take: Callable[[Run], Any]
    heading: str = ""
    form: Form = Form.TEXT
    rank: int = LAST
    least: int = 0
    cut_start: bool = False
    when_mixed: bool = False
    as_json: bool = False
    changes: bool = True


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return shortened(text, TEXT_MAX)


def _tags(run: Run) -> str:
    shown = [_short(tag) for tag in run.tags[:TAGS_MAX]]
    return _dump([*shown, *(["…"] if len(run.tags) > TAGS_MAX else [])])


def _count(run: Run, state: State) -> int:
    return sum(group.state is state for group in run.groups)


class RunSummary(NamedTuple):
    """What a listing knows of a run, in the order in which tables show it; `path` is the record's, from the root."""

    path: str
    number: Annotated[int, Column(lambda run: run.number, "🆔 ID", Form.ID, rank=1, changes=False)]
    uid: Annotated[str, Column(lambda run: run.uid, changes=False)]
    experiment: Annotated[
        str, Column(lambda run: run.experiment, "🔖 Experiment", rank=4, least=13, when_mixed=True, changes=False)
    ]
    parameters: Annotated[
        str, Column(lambda run: _dump(spread_parameters(run.groups)), as_json=True, changes=False)
    ]  # what a description shows when it is empty
    description: Annotated[
        str, Column(lambda run: _short(run.description), "💬 Description", Form.DESCRIPTION, rank=3, least=22)
    ]
    storage: Annotated[str, Column(lambda run: run.storage, "📁 Path", rank=10, least=16, cut_start=True)]
    runner: Annotated[str, Column(lambda run: _short(run.runner.name), "🖥 Runner", rank=9)]
    created: Annotated[str, Column(lambda run: run.created, "📆 Launch date", Form.LAUNCH, rank=8)]
    started: Annotated[str | None, Column(lambda run: run.started)]
    ended: Annotated[str | None, Column(lambda run: run.ended, "⏱ Duration", Form.DURATION, rank=6)]
    paused_ms: Annotated[int, Column(lambda run: round(paused_s(run.groups) * 1_000))]
    state: Annotated[str, Column(lambda run: run.state.value, "🔍 Status", Form.STATE, rank=2)]
    tags: Annotated[str, Column(_tags, "🏷 Tags", Form.LIST, rank=5, least=10, as_json=True)]
    groups: Annotated[int, Column(lambda run: len(run.groups))]
    groups_ended: Annotated[
        int,
        Column(lambda run: sum(group.has_run for group in run.groups)),
    ]
    groups_failed: Annotated[int, Column(lambda run: _count(run, State.FAILED))]
    groups_finished: Annotated[
        int, Column(lambda run: _count(run, State.FINISHED), "⏳ Progress", Form.PROGRESS, rank=7)
    ]

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return f"{self.number}-{self.uid}"

    def as_of(self, run: Run) -> "RunSummary":
        """Return the summary with what may have changed since the launch taken from a run as it is now."""
        return self._replace(**{name: column.take(run) for name, column in columns().items() if column.changes})

    def as_mapping(self) -> dict[str, Any]:
        """Return the id and every column by its name, as JSON has them."""
        values = self._asdict()
        return {"id": self.id} | {n: json.loads(values[n]) if c.as_json else values[n] for n, c in columns().items()}


@cache
def columns() -> Mapping[str, Column]:
    """Return the columns by name, in the order in which tables show them."""
    hints = get_type_hints(RunSummary, include_extras=True)
    return {name: c for name in RunSummary._fields for c in get_args(hints[name]) if isinstance(c, Column)}


@cache
def numbers() -> frozenset[str]:
    """Return the names of columns that are sorted as numbers, not as text."""
    return frozenset(name for name, kind in get_type_hints(RunSummary).items() if kind is int)
