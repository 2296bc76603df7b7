"""What a record says that cannot be: an identity that belongs to another run, or times that cannot have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qanat.domain import times
from qanat.domain.intents import may_be_of
from qanat.domain.key_path import KeyPath
from qanat.domain.run import Group, Run
from qanat.domain.shortening import quoted
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.usecases.project import Project

# The clocks of two machines may differ by this much.
CLOCKS_S = 3_600.0
# Schedulers report whole seconds.
SECONDS_S = 2.0
# A scheduler that was set up again counts from the beginning, but not so soon.
JOBS_REUSED_S = 30 * 24 * 3_600.0

Found = Iterator[tuple[KeyPath, str]]


@dataclass(frozen=True, slots=True)
class _Job:
    """A job as a record names it, and when it was submitted."""

    path: str
    run_id: str
    submitted: str


class Claims:
    """The identities and jobs of all runs in the working tree, to compare those of some runs with."""

    def __init__(self, project: Project, index: Index) -> None:
        self._project, self._index = project, index

    def problems(self, run: Run) -> Found:
        """Yield the places in the record of a run whose content cannot be, and why."""
        path = run_codec.path_of(run)
        yield from self._of_identity(run, path)
        yield from self._of_jobs(run, path)
        yield from self._of_launch(run)
        for group in run.groups:
            yield from self._of_times(run, group)

    def _of_identity(self, run: Run, path: str) -> Found:
        if others := [other for other in self._paths.get(run.id, []) if other != path]:
            yield ("id",), f"run {run.id} also has the record {others[0]}"
        intent = run.submission.intent
        if not may_be_of(intent, run.id):
            yield ("submission", "intent"), "was not made for this run: the record was copied or edited"
        elif others := [o for o in self._intents.get(intent, []) if o != run.id and may_be_of(intent, o)]:
            yield ("submission", "intent"), f"is also that of run {others[0]}"

    def _of_jobs(self, run: Run, path: str) -> Found:
        for group in run.groups:
            named = group.job is not None and run.submission.submitted is not None
            for other in self._jobs.get(_job_key(run, group), []) if named else ():
                is_close = abs(_seconds(_submitted(run), other.submitted)) < JOBS_REUSED_S
                if other.path != path and other.run_id != run.id and is_close:
                    yield ("groups", group.number, "job"), f"{quoted(group.job)} is also a job of run {other.run_id}"
                    break

    def _of_launch(self, run: Run) -> Found:
        if _is_after(run.created, self._now):
            yield ("created",), f"{run.created} is in the future"

    def _of_times(self, run: Run, group: Group) -> Found:
        at: KeyPath = ("groups", group.number)
        if group.started and _is_after(run.created, group.started):
            yield (*at, "started"), f"{group.started} is before the run was launched"
        if group.started and group.ended and _is_after(group.started, group.ended, SECONDS_S):
            yield (*at, "ended"), f"{group.ended} is before the start, {group.started}"
        if group.ended and _is_after(group.ended, self._now):
            yield (*at, "ended"), f"{group.ended} is in the future"

    # ---- all runs

    @cached_property
    def _now(self) -> str:
        return self._project.clock.now()

    @cached_property
    def _identities(self) -> list[tuple[str, str, str]]:
        self._index.sync_once()
        return self._index.identities()

    @cached_property
    def _paths(self) -> dict[str, list[str]]:
        return _by_key((run_id, path) for path, run_id, _ in self._identities)

    @cached_property
    def _intents(self) -> dict[str, list[str]]:
        """The runs with each intent. Those that have it from a copy are reported themselves."""
        return _by_key((intent, run_id) for _, run_id, intent in self._identities)

    @cached_property
    def _jobs(self) -> dict[Any, list[_Job]]:
        found: dict[Any, list[_Job]] = {}
        self._index.sync_once()
        for text in self._index.submitted():
            run = run_codec.from_index(text)
            job = _Job(run_codec.path_of(run), run.id, _submitted(run))
            for group in run.groups:
                found.setdefault(_job_key(run, group), []).append(job)
        return found


def _by_key(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _job_key(run: Run, group: Group) -> tuple[str, ...]:
    """Return what identifies a job: schedulers, and clusters of one, number their jobs independently."""
    where = (str(run.submission.details.get(key, "")) for key in ("schedd", "cluster"))
    # HTCondor's `cluster` is part of the job's name.
    return (run.runner.name, *where, str(group.job))


def _submitted(run: Run) -> str:
    return run.submission.submitted or run.created


def _is_after(one: str, other: str, allowed_s: float = CLOCKS_S) -> bool:
    return _seconds(other, one) > allowed_s


def _seconds(start: str, end: str) -> float:
    return (times.parse(end) - times.parse(start)).total_seconds()
