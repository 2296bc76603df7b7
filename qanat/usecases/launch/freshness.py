"""Whether runs are still fresh: what they executed is what would be executed now, by the rule of `run --needed`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qanat.domain.apart import is_of_texts
from qanat.domain.data_paths import is_of_data
from qanat.domain.experiment import Experiment
from qanat.domain.facts import RunFacts, facts_of, from_texts, to_text
from qanat.domain.group_key import CODE, DATA, ENVIRONMENT
from qanat.domain.run import Run
from qanat.domain.search import FreshnessUnknown
from qanat.domain.standing import ACTIVE, DONE, NEW, RESULTS, Standing
from qanat.errors import QanatError, RunnerUnavailable
from qanat.git import repository, worktree
from qanat.git.trees import Trees
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.runners.protocol import Runners
from qanat.usecases.launch import previewing
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed
from qanat.usecases.launch.rerun import Repeat, as_before, as_of_now
from qanat.usecases.project import Project
from qanat.usecases.runs.experiments import experiments_of
from qanat.usecases.tracking.find import Found

LOCAL = "local"
NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class Staleness:
    """Why a run is not fresh, or why that is not known; empty if it is fresh."""

    why: str = ""
    is_known: bool = True


@dataclass(frozen=True)
class Freshness:
    """Finds why runs are no longer fresh, once for all that executed the same with other parameters.

    `ignored` are parts of keys that do not count. A change of a text is not one of code, whatever text it is.
    """

    project: Project
    index: Index
    runners: Runners
    ignored: tuple[str, ...] = ()
    _found: dict[str, Staleness] = field(default_factory=dict)
    _shared: dict[object, Staleness] = field(default_factory=dict)
    _changed: dict[str, Sequence[str] | None] = field(default_factory=dict)
    _experiments: dict[str, Experiment | None] = field(default_factory=dict)

    def is_fresh(self, run: RunFacts) -> bool:
        """Return whether a run is known to be fresh."""
        return not self.why_stale(run).why

    def is_certainly_fresh(self, run: RunFacts) -> bool:
        """Return whether a run is fresh. Raises FreshnessUnknown if that is not known before a first run here."""
        found = self.why_stale(run)
        if not found.is_known and run.code:
            raise FreshnessUnknown(f"it is not known whether run {run.number} is fresh: {found.why}")
        return not found.why

    def why_stale(self, run: RunFacts) -> Staleness:
        """Return why a run is not fresh, or why that is not known."""
        if run.id not in self._found:
            self._found[run.id] = self._why(run)
        return self._found[run.id]

    def _why(self, run: RunFacts) -> Staleness:
        if len(run.code) < 2:
            return Staleness("it has no key", is_known=False)
        if changed := self._code(run):
            return Staleness(changed)
        key = _besides_code(run)
        if key in self._shared:
            return self._shared[key]
        try:
            found, is_shared = self._besides(run)
        except QanatError as error:
            found, is_shared = Staleness(f"it cannot be repeated as it was: {error.message}"), True
        if is_shared:
            self._shared[key] = found
        return found

    # ---- the code, without texts

    def _code(self, run: RunFacts) -> str:
        """Return in which files of its experiment's code the commit of a run differs from the working tree."""
        if CODE in self.ignored:
            return ""
        if run.commit not in self._changed:
            head = self._head
            self._changed[run.commit] = self._trees.differing_code(run.commit, head) if head else None
        changed = self._changed[run.commit]
        if changed is None:
            return f"code: another commit than {run.commit[:10]}"
        known, data = self._experiment(run.experiment), self._paths_of_data(run)
        # What is not committed is not compared as data.
        every = sorted({*_without(changed, known, data), *self._uncommitted})
        names = [name for name in every if not is_of_texts(name) and (known is None or known.has_code(name))]
        if DATA in self.ignored:
            names = _without(names, known, data)
        more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
        return f"code: {', '.join(names[:NAMED_MAX])}{more}" if names else ""

    def _paths_of_data(self, run: RunFacts) -> Collection[str]:
        """Return the paths of those datasets of a run that are compared as data, or not at all."""
        known = {state.name for state in run.data if state.is_identified}
        return [path for name, path in run.datasets.items() if name in known or DATA in self.ignored]

    @cached_property
    def _head(self) -> str | None:
        return worktree.head(self.project.location)

    @cached_property
    def _trees(self) -> Trees:
        return Trees(self.project.location, repository.open_repository(self.project.location))

    @cached_property
    def _uncommitted(self) -> Sequence[str]:
        changes = worktree.status(self.project.location).changes
        return [change.path for change in changes if change.letters != "??"]

    def _experiment(self, name: str) -> Experiment | None:
        """Return an experiment; None if it is no longer defined, or invalid."""
        if name not in self._experiments:
            self._experiments[name] = experiments_of(self.project, [name]).get(name)
        return self._experiments[name]

    # ---- the rest, by what has been run already

    def _besides(self, facts: RunFacts) -> tuple[Staleness, bool]:
        """Return what differs besides the code, and whether that holds for all runs that share this."""
        for standing in self._standings(self._found_run(facts.id)):
            if standing.status in (DONE, ACTIVE) and standing.run != facts.id:
                if why := _how_differs(facts, self._found_run(standing.run).run, self.ignored):
                    return Staleness(why), True
            elif standing.status == NEW:
                why = standing.why or "it is not what would be run now"
                return Staleness(why, is_known=not standing.may_be_done), bool(standing.differs)
        return Staleness(), True

    def _found_run(self, run: str) -> Found:
        """Return a run that the index has. Raises NotFound if it is gone by now."""
        path = next((row.path for row in self.index.numbered(int(run.partition("-")[0])) if row.id == run), "")
        found = run_codec.from_index(self.index.record(path), path)
        return Found(found, path, self.project.storage_of(found))

    def _standings(self, found: Found) -> Sequence[Standing]:
        repeat = Repeat(head=True, needed=Needed(tuple({*self.ignored, CODE, RESULTS})))
        request = as_of_now(self.project, found, repeat)
        options = as_before(found.run, LaunchOptions(found.run.runner.name))
        try:
            return previewing.standings(self.project, request, options, self.runners).standings
        except RunnerUnavailable:
            # What has been run can be told anywhere. Its jobs would work in a checkout.
            local = LaunchOptions(LOCAL)
            return previewing.standings(self.project, request, local, self.runners, in_checkout=True).standings


def _without(names: Iterable[str], experiment: Experiment | None, data: Collection[str]) -> list[str]:
    """Return names without those of data."""
    if experiment is None:
        return [name for name in names if not is_of_data(name, data)]
    return [name for name in names if experiment.has_code_besides(name, data)]


def _besides_code(run: RunFacts) -> object:
    """Return what runs share that differ only in their code and their parameters."""
    return (
        run.experiment,
        run.code[1],
        tuple(run.datasets.items()),
        repr(run.states),
        tuple(run.container),
        run.environment,
        run.runner,
        run.template,
    )


def _how_differs(facts: RunFacts, run: Run, ignored: Sequence[str]) -> str:
    """Return how a run differs from another one, which has executed what would be executed now."""
    (other,) = from_texts([to_text(facts_of(run))])  # as facts are read
    has = f"run {other.number} has the current"
    if other.code[1:] != facts.code[1:]:
        return f"{has} command"
    if (other.datasets, other.states) != (facts.datasets, facts.states):
        return f"{has} data"
    if list(other.container[1:]) != list(facts.container[1:]):
        return f"{has} container"
    if other.environment != facts.environment and ENVIRONMENT not in ignored:
        return f"{has} environment"
    return ""
