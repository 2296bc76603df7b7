"""What runs have of the groups that a dependency needs, by the rule of what has been run already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qanat.domain.document import Dependency, Document
from qanat.domain.standing import ACTIVE, DONE, FAILED, NEW, Standing
from qanat.errors import RunnerUnavailable
from qanat.runners.protocol import Runners
from qanat.usecases.documents.requests import options_of, request_of
from qanat.usecases.launch import previewing
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed
from qanat.usecases.launch.view import counted_groups, number_in
from qanat.usecases.project import Project

REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Member:
    """The group of a run that a group of a dependency is, and its key."""

    run: str
    group: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a dependency: their arguments, and what runs have of each.

    If they have to be `whole`, those of several runs, or some of a larger one, are not what is needed.
    """

    args: tuple[tuple[str, ...], ...]
    standings: tuple[Standing, ...]
    whole: bool = False
    sizes: dict[str, int] | None = None

    @property
    def are_done(self) -> bool:
        """Whether runs have all of them, and that is what is needed."""
        return self._are_all(DONE) and (not self.whole or self.is_one_run)

    @property
    def is_one_run(self) -> bool:
        """Whether they are all groups of one run."""
        runs = {standing.run for standing in self.standings}
        sizes = self.sizes or {}
        return len(runs) == 1 and sizes.get(next(iter(runs)), len(self.args)) == len(self.args)

    @property
    def members(self) -> tuple[Member, ...]:
        """The groups of runs that they are, if all are done."""
        return tuple(member_of(standing) for standing in self.standings)

    @property
    def active_runs(self) -> list[str]:
        """The ids of the runs that have some of them and have not ended."""
        return list(dict.fromkeys(s.run for s in self.standings if s.status == ACTIVE))

    @property
    def failed_whole(self) -> Standing | None:
        """A group that failed in the one run that has all of them as they have to be; None if there is no such one."""
        if not (self.whole and self.is_one_run and {s.status for s in self.standings} <= {DONE, FAILED}):
            return None
        return next((standing for standing in self.standings if standing.status == FAILED), None)

    @property
    def are_missing(self) -> bool:
        """Whether no run has any group with these arguments."""
        return all(s.status == NEW and s.group is None for s in self.standings)

    @property
    def reasons(self) -> list[str]:
        """Why they are not done, in sentences without an end."""
        count = len(self.standings)
        whole = counted_groups(count)
        if self._are_all(DONE):
            return [] if self.are_done else ["its groups are in several runs, and are needed in one"]
        if self.are_missing:
            return ["has not been run"]
        found = []
        states = Counter((s.status, s.run, s.why if s.status != NEW else "") for s in self.standings)
        for (status, run, why), number in states.items():
            if status in (ACTIVE, FAILED):
                which = f"{number:,} of {whole}" if count > 1 else "it"
                found.append(f"{which} {_how(status, why, several=number > 1)} in run {number_in(run)}")
        nearest = Counter((s.run, s.why, bool(s.differs)) for s in self.standings if s.status == NEW and s.run)
        found += [_unlike(*key, number, count) for key, number in nearest.items()]
        if new := sum(s.status == NEW and s.group is None for s in self.standings):
            found.append(f"{new:,} of {whole} {'has' if new == 1 else 'have'} not been run")
        more = len(found) - REASONS_SHOWN
        return [*found[:REASONS_SHOWN], *([f"and {more:,} more reasons"] if more > 0 else [])]

    def _are_all(self, status: str) -> bool:
        return all(standing.status == status for standing in self.standings)


def member_of(standing: Standing) -> Member:
    """Return the group of a run that a group which is done is."""
    return Member(standing.run, standing.group or 0, standing.key)


def _how(status: str, why: str, *, several: bool) -> str:
    """Return how groups of an earlier run are, or how they ended."""
    if status == FAILED and why in ("", "failed"):
        return "failed"
    if why == "cancelled":
        return "were cancelled" if several else "was cancelled"
    return f"{'are' if several else 'is'} {'active' if status == ACTIVE else why}"


def _unlike(run: str, why: str, differs: bool, number: int, count: int) -> str:
    """Return why groups are not those of a run with the same arguments."""
    which = f" ({number:,} of {counted_groups(count)})" if number < count else ""
    how = f"differs from run {number_in(run)}{which}" if differs else f"run {number_in(run)} does not count{which}"
    return f"{how}: {why}"


def look(
    project: Project, runners: Runners, document: Document, dependency: Dependency, ignored: Sequence[str] = ()
) -> Groups:
    """Return what runs have of the groups of a dependency, as they are recorded; start nothing.

    Raises QanatError for what would keep it from being run, except for a scheduler that this machine does not have.
    """
    request = request_of(project, document, dependency, Needed(tuple(ignored)))
    try:
        found = previewing.standings(project, request, options_of(dependency), runners)
    except RunnerUnavailable:
        # What has been run can be told anywhere. Its jobs would work in a checkout.
        local = LaunchOptions()
        found = previewing.standings(project, request, local, runners, in_checkout=True)
    groups = Groups(found.groups, found.standings, dependency.whole)
    return replace(groups, sizes=_sizes(project, groups)) if dependency.whole else groups


def _sizes(project: Project, groups: Groups) -> dict[str, int]:
    """Return how many groups each run has that has some of these."""
    named = {standing.run for standing in groups.standings if standing.run}
    with project.index() as index:
        found: dict[str, int] = {}
        for run in named:
            rows = [row for row in index.numbered(int(number_in(run))) if row.id == run]
            found |= {row.id: row.groups for row in rows}
    return found
