"""Whether runs are still fresh: what they executed is what would be executed now, by the rule of `run --needed`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qanat.domain.apart import OF_TEXTS
from qanat.domain.facts import RunFacts
from qanat.domain.group_key import CODE
from qanat.domain.latex_references import VALUES
from qanat.domain.references import language_of
from qanat.domain.standing import ACTIVE, DONE, NEW, RESULTS, Standing
from qanat.errors import QanatError, RunnerUnavailable
from qanat.git import repository, worktree
from qanat.git.trees import Trees
from qanat.records import run_codec
from qanat.runners.protocol import Runners
from qanat.usecases.launch import previewing
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed
from qanat.usecases.launch.rerun import Repeat, as_before, as_of_now
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.tracking.find import Found

LOCAL = "local"
NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class Staleness:
    """Why a run is not fresh, or why that is not known; empty if it is fresh."""

    why: str
    is_known: bool = True


@dataclass(frozen=True)
class Freshness:
    """Finds why runs are no longer fresh, once for all that executed the same with other parameters.

    `ignored` are parts of keys that do not count. A change of a text is not one of code, whatever text it is.
    """

    known: KnownRuns
    runners: Runners
    ignored: tuple[str, ...] = ()
    _found: dict[object, Staleness] = field(default_factory=dict)

    def why_stale(self, run: str) -> Staleness:
        """Return why an ended run is not fresh, or why that is not known."""
        facts = self.known.runs[run]
        if len(facts.code) < 2:
            return Staleness("it has no key", is_known=False)
        key = _shared(facts)
        if key not in self._found:
            try:
                self._found[key] = next(self._reasons(facts), Staleness(""))
            except QanatError as error:
                self._found[key] = Staleness(f"it cannot be repeated as it was: {error.message}")
        return self._found[key]

    def _reasons(self, facts: RunFacts) -> Iterator[Staleness]:
        """Yield what differs: the code is compared here, without texts, and the rest by what has been run already."""
        path = self.known.paths[facts.id]
        run = run_codec.from_index(self.known.index.record(path), path)
        if names := self._names_of_code(run.code.commit, run.experiment):
            more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
            yield Staleness(f"code: {', '.join(names[:NAMED_MAX])}{more}")
        for standing in self._standings(Found(run, path, self.known.project.storage_of(run))):
            if standing.status in (DONE, ACTIVE) and standing.run != run.id:
                yield from map(Staleness, self._other_run(facts, standing))
            elif standing.status == NEW:
                why = standing.why or "it is not what would be run now"
                yield Staleness(why, is_known=not standing.may_be_done)

    def _standings(self, found: Found) -> Sequence[Standing]:
        repeat = Repeat(head=True, needed=Needed(tuple({*self.ignored, CODE, RESULTS})))
        request = as_of_now(self.known.project, found, repeat)
        options = as_before(found.run, LaunchOptions(found.run.runner.name))
        try:
            return previewing.standings(self.known.project, request, options, self.runners).standings
        except RunnerUnavailable:
            # What has been run can be told anywhere. Its jobs would work in a checkout.
            local = LaunchOptions(LOCAL)
            return previewing.standings(self.known.project, request, local, self.runners, in_checkout=True).standings

    def _other_run(self, facts: RunFacts, standing: Standing) -> Iterator[str]:
        """Yield how a run differs from another one, which has executed what would be executed now."""
        other = self.known.runs.get(standing.run)
        if other is None or _shared(other) == _shared(facts):
            return
        run = f"run {other.number} has the current"
        if other.code[1:] != facts.code[1:]:
            yield f"{run} command"
        if (other.datasets, other.states) != (facts.datasets, facts.states):
            yield f"{run} data"
        if list(other.container[1:]) != list(facts.container[1:]):
            yield f"{run} container"
        if other.environment != facts.environment and "environment" not in self.ignored:
            yield f"{run} environment"

    def _names_of_code(self, commit: str, experiment: str) -> Sequence[str]:
        """Return in which files of an experiment's code a commit differs from the working tree, but for texts."""
        if CODE in self.ignored:
            return ()
        project, known = self.known.project, self.known.experiment(experiment)
        head = worktree.head(project.location)
        trees = Trees(project.location, repository.open_repository(project.location))
        names = trees.differing_code(commit, head) if head else None
        if names is None:
            return [f"another commit than {commit[:10]}"]
        own = sorted({*names, *self._uncommitted})
        return [name for name in own if not _is_text(name) and (known is None or known.has_code(name))]

    @cached_property
    def _uncommitted(self) -> Sequence[str]:
        changes = worktree.status(self.known.project.location).changes
        return [change.path for change in changes if change.letters != "??"]


def _is_text(path: str) -> bool:
    """Return whether a file is a text, or belongs to one by its suffix."""
    return bool(language_of(path)) or path.endswith(VALUES) or path.lower().endswith(OF_TEXTS)


def _shared(facts: RunFacts) -> object:
    """Return what runs share that differ only in their parameters."""
    return (
        facts.experiment,
        tuple(facts.code),
        tuple(facts.datasets.items()),
        repr(facts.states),
        tuple(facts.container),
        facts.environment,
        facts.runner,
        facts.template,
    )
