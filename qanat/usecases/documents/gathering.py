"""Getting the groups that documents need: waiting for those that are active, and launching what no run has."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from qanat.domain.document import Dependency, Document
from qanat.domain.run import Run, State
from qanat.domain.standing import DONE, Standing
from qanat.errors import QanatError
from qanat.runners.protocol import Runners
from qanat.usecases.documents.look import Groups, Member, look, member_of
from qanat.usecases.documents.requests import options_of, request_of
from qanat.usecases.launch.code import Ask, Uncommitted
from qanat.usecases.launch.launch import launch
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.plan import Needed
from qanat.usecases.launch.view import LaunchView, Outcome, number_in
from qanat.usecases.launch.wait_several import Seen, wait_for_several
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found, find_run

# How often a dependency is looked at whose groups were active in runs of others.
LOOKS_MAX = 10


class RunsFailed(QanatError):
    """Groups that a document needs have failed, so that it was not built."""


class Interrupted(QanatError):
    """A compilation was interrupted while it waited for runs."""

    def __init__(self, document: str, number: int) -> None:
        hint = f"continue with: qanat document compile {document}"
        super().__init__(f"interrupted before document {document} was built", hint=hint)
        self.exit_code = 128 + number


class RunsView(Protocol):
    """Shows the runs that are launched and waited for."""

    def launching(self, dependency: Dependency) -> AbstractContextManager[LaunchView]:
        """Called before a dependency is launched; what it returns shows the run."""

    def ended(self, outcome: Outcome) -> None:
        """Called when a launch is over; the run may continue elsewhere."""

    def waiting(self, runs: Sequence[Run]) -> AbstractContextManager[Seen]:
        """Called before runs are waited for; what it returns shows them."""


@dataclass(frozen=True, slots=True)
class Starting:
    """How what is missing is run: what to do with uncommitted changes, which parts of keys do not count."""

    uncommitted: Uncommitted = field(default_factory=Uncommitted)
    ignored: tuple[str, ...] = ()
    allow_secrets: bool = False


@dataclass
class Gathering:
    """Gets the groups of several dependencies of a document, those that schedulers run at the same time."""

    project: Project
    runners: Runners
    document: Document
    starting: Starting
    ask: Ask
    view: RunsView

    def members(self, dependencies: Sequence[Dependency]) -> dict[str, tuple[Member, ...]]:
        """Return the groups of runs that dependencies need, by their names, once all of them are done.

        Raises RunsFailed, Interrupted, and the errors of a launch.
        """
        found: dict[str, tuple[Member, ...]] = {}
        # Schedulers run their jobs while this machine is busy.
        left = sorted(dependencies, key=lambda one: self.runners.is_in_process(one.runner))
        for _ in range(LOOKS_MAX):
            awaited: list[str] = []
            launched: dict[str, tuple[Member, ...]] = {}
            for one in left:
                groups = look(self.project, self.runners, self.document, one, self.starting.ignored)
                if groups.are_done:
                    found[one.name] = groups.members
                elif groups.active_runs:
                    awaited += groups.active_runs
                else:
                    self._check_whole(one, groups)
                    members, active = self._launch(one, groups)
                    launched[one.name] = members
                    awaited += active
            if awaited:
                self._wait(list(dict.fromkeys(awaited)))
            found |= launched
            left = [one for one in left if one.name not in found]
            if not left:
                break
        self._check_finished(found)
        return found

    def _launch(self, one: Dependency, groups: Groups) -> tuple[tuple[Member, ...], list[str]]:
        """Launch what is missing; return the groups of runs that there are then, and the runs that are still active."""
        needed = None if one.whole else Needed(self.starting.ignored)
        request = request_of(self.project, self.document, one, needed, self.starting.uncommitted)
        options = options_of(one, allow_secrets=self.starting.allow_secrets)
        with self.view.launching(one) as view:
            outcome = launch(self.project, request, options, runners=self.runners, ask=self.ask, view=view)
        self.view.ended(outcome)
        if outcome.interrupted:
            raise Interrupted(self.document.name, outcome.interrupted)
        run = outcome.run
        members = _joined(outcome.standings or (Standing(),) * len(groups.args), run)
        return members, [] if run.state.ended else [run.id]

    def _check_whole(self, one: Dependency, groups: Groups) -> None:
        """Raise RunsFailed if the only groups that are missing in a run that is needed as a whole have failed."""
        if failed := groups.failed_whole:
            number = number_in(failed.run)
            raise RunsFailed(
                f"groups of run {number} of {one.experiment} failed, and the run is needed as a whole",
                hint=f"retry them with: qanat retry {number}",
            )

    def _wait(self, ids: Sequence[str]) -> None:
        runs = [found.run for found in self._find(ids)]
        with self.view.waiting(runs) as seen:
            awaited = wait_for_several(self.project, runs, self.runners, seen)
        for outcome in awaited.ended:
            self.view.ended(outcome)
        if awaited.interrupted:
            raise Interrupted(self.document.name, awaited.interrupted)

    def _find(self, ids: Sequence[str]) -> list[Found]:
        with refreshed(self.project, self.runners) as (index, result):
            return [find_run(self.project, index, result, run) for run in ids]

    def _check_finished(self, found: dict[str, tuple[Member, ...]]) -> None:
        """Raise RunsFailed if groups that were run have not finished. Keys are those of the records then."""
        ids = dict.fromkeys(member.run for members in found.values() for member in members)
        runs = {one.run.id: one.run for one in self._find(list(ids))}
        for name, members in found.items():
            bad = [m for m in members if runs[m.run].groups[m.group].state is not State.FINISHED]
            if bad:
                raise _not_finished(name, bad, len(members), runs[bad[0].run])
            found[name] = tuple(replace(m, key=runs[m.run].groups[m.group].key) for m in members)


def _not_finished(name: str, bad: Sequence[Member], count: int, run: Run) -> RunsFailed:
    which = f"{len(bad):,} of {count:,} groups" if count > 1 else "the run"
    have = "have" if len(bad) > 1 else "has"
    first = run.groups[bad[0].group]
    return RunsFailed(
        f"{which} of {name} {have} not finished: group {first.number} of run {run.number} {first.state}",
        hint=f"see why with: qanat show {run.number}; nothing was copied or built",
    )


def _joined(standings: Sequence[Standing], run: Run) -> tuple[Member, ...]:
    """Return the groups that earlier runs have and, in the place of the others, those of a new run in their order."""
    new = iter(run.groups)
    return tuple(
        member_of(standing) if standing.status == DONE else Member(run.id, next(new).number) for standing in standings
    )
