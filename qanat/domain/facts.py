"""What conditions and tables need to know of a run and its groups: less than its record, and read much faster."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from typing import Any, NamedTuple

from qanat.domain import times
from qanat.domain.data import DataState
from qanat.domain.measured import STATISTICS, split_statistic
from qanat.domain.parameters import texts_by_name
from qanat.domain.pauses import paused_s
from qanat.domain.retry_policy import reasons
from qanat.domain.run import Group, Run
from qanat.domain.used import Used


class GroupFacts(NamedTuple):
    """Facts about a group; parameters have their names as typed, with dashes, and are empty for a bare option.

    Of curves, it has the values of STATISTICS in their order. `used` has the values of domain.used.Used, and is empty
    if none is known; `lacked` are the reasons for which it was ended (domain.retry_policy). `earlier` says of
    each earlier attempt when it started and ended, and what it used.
    """

    number: int
    state: str
    started: str | None
    ended: str | None
    host: str | None
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    curves: Mapping[str, Sequence[float]] = {}
    key: str | None = None
    used: Sequence[float | None] = ()
    lacked: Sequence[str] = ()
    earlier: Sequence[Sequence[Any]] = ()
    attempt: int = 1

    @property
    def before_s(self) -> float:
        """How many seconds the earlier attempts took, as far as that is known."""
        spans = (times.seconds_between(start, end) for start, end, _ in self.earlier if start and end)
        return sum(filter(None, spans))

    def metric(self, name: str) -> float | None:
        """Return the metric of this name, or what a curve came to for a name such as loss.min; None without either."""
        if (value := self.metrics.get(name)) is not None:
            return value
        curve, which = split_statistic(name)
        return self.curves[curve][STATISTICS.index(which)] if which and curve in self.curves else None


class RunFacts(NamedTuple):
    """Facts about a run; `created`, `started` and `ended` are timestamps (domain.times).

    `container` is the image, as it was named, and its identity; empty without a container. `code` are the parts of the
    key that say what was executed, the code and the command; empty if they are not known. `rerun_of` is the id of the
    run that it repeats. `template` and `options` are those of its runner. Each job has
    `per_job` groups, of which `at_once` run at the same time. `origin` are the tool that recorded it and the run's id
    there; empty for a run of qanat. `removed` is when its results were removed; None if they were not.
    """

    number: int
    uid: str
    experiment: str
    description: str
    tags: tuple[str, ...]
    created: str
    started: str | None
    ended: str | None
    paused_s: float
    author: str
    runner: str
    commit: str
    tree: str
    state: str
    datasets: Mapping[str, str]
    states: Sequence[Sequence[Any]]
    environment: str | None
    machines: Sequence[str]
    container: Sequence[str]
    groups: tuple[GroupFacts, ...]
    code: Sequence[str] = ()
    rerun_of: str | None = None
    template: str | None = None
    options: Mapping[str, Any] = {}
    per_job: int = 1
    at_once: int = 1
    origin: Sequence[str] = ()
    removed: str | None = None

    @property
    def data(self) -> list[DataState]:
        """What the data of the run were; `states` has the same values."""
        return [DataState(*values) for values in self.states]

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return f"{self.number}-{self.uid}"


_TAGS, _GROUPS = map(RunFacts._fields.index, ("tags", "groups"))


class Row(NamedTuple):
    """A row of a table: a run, or one of its groups."""

    run: RunFacts
    group: GroupFacts | None = None

    @property
    def groups(self) -> tuple[GroupFacts, ...]:
        """The group, or all groups of the run."""
        return self.run.groups if self.group is None else (self.group,)


def facts_of(run: Run) -> RunFacts:
    """Return the facts about a run."""
    return RunFacts(
        number=run.number,
        uid=run.uid,
        experiment=run.experiment,
        description=run.description,
        tags=run.tags,
        created=run.created,
        started=run.started,
        ended=run.ended,
        paused_s=paused_s(run.groups),
        author=run.author,
        runner=run.runner.name,
        commit=run.code.commit,
        tree=run.code.tree,
        state=run.state.value,
        datasets=dict(run.datasets),
        states=[list(astuple(state)) for state in run.data],
        environment=run.environment,
        machines=run.machines,
        container=[run.container.image, run.container.identity] if run.container else [],
        groups=tuple(map(_facts_of_group, run.groups)),
        code=[run.key.code, run.key.command] if run.key.code and run.key.command else [],
        rerun_of=run.rerun_of,
        template=run.runner.template,
        options=dict(run.runner.options),
        per_job=max(1, run.submission.per_job or 1),
        at_once=max(1, run.submission.at_once or 1) if run.submission.per_job else 1,
        origin=[run.origin.tool, run.origin.id] if run.origin else [],
        removed=run.results_removed,
    )


def _facts_of_group(group: Group) -> GroupFacts:
    parameters = texts_by_name(group.args)
    return GroupFacts(
        number=group.number,
        state=group.state.value,
        started=group.started,
        ended=group.ended,
        host=group.host,
        parameters=parameters,
        metrics=dict(group.metrics),
        curves={name: [*curve.statistics().values()] for name, curve in group.curves.items()},
        key=group.key,
        used=_used(group.used),
        lacked=sorted(reasons(group)),
        attempt=group.attempt,
        earlier=[[end.started, end.ended, _used(end.used)] for end in group.earlier],
    )


def _used(used: Used | None) -> list[float | None]:
    return [*astuple(used)] if used else []


def to_text(facts: RunFacts) -> str:
    """Return facts as JSON text, with NaN and infinities as Python writes them."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def from_texts(texts: Iterable[str]) -> list[RunFacts]:
    """Return the facts that to_text() wrote."""
    with _without_collection():
        found = json.loads(f"[{','.join(texts)}]")  # one text takes less time than thousands
        for values in found:
            values[_TAGS] = tuple(values[_TAGS])
            values[_GROUPS] = tuple(map(GroupFacts._make, values[_GROUPS]))
        return [*map(RunFacts._make, found)]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pause the garbage collector, which would examine many new objects again and again, and double the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def rows_of(runs: Iterable[RunFacts], *, by_group: bool) -> list[Row]:
    """Return a row for each run, or for each of its groups."""
    if not by_group:
        return [Row(run) for run in runs]
    return [Row(run, group) for run in runs for group in run.groups]
