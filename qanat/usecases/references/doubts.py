"""What makes a run itself doubtful, whatever it is that a text says of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from qanat.domain.run import State
from qanat.errors import InputInvalid, NotFound, RecordEdited
from qanat.git import worktree
from qanat.usecases.references.judging import Problem, Verdict
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.tracking import edits


@dataclass(frozen=True)
class RunDoubts:
    """Finds what is wrong with runs, once for each: it is still active, its record was edited, or it is not fresh.

    `fresh` are runs that are as they should be, whatever is fresh now.
    """

    known: KnownRuns
    fresh: Collection[str] = ()
    _found: dict[str, list[Problem]] = field(default_factory=dict)

    def __call__(self, run: str) -> Iterable[Problem]:
        """Return what is wrong with a run; what could not be checked is said once."""
        if run in self._found:
            return [problem for problem in self._found[run] if problem.verdict.is_wrong]
        self._found[run] = list(self._of(run))
        return self._found[run]

    @cached_property
    def _uncommitted(self) -> frozenset[str]:
        """The records that HEAD does not have as they are: only these may have been edited."""
        return frozenset(change.path for change in worktree.uncommitted_records(self.known.project.location))

    def _of(self, run: str) -> Iterator[Problem]:
        number = run.partition("-")[0]
        if State(self.known.runs[run].state) in State.LIVE:
            yield Problem(Verdict.ACTIVE, f"run {number} is still active", f"wait for it: qanat wait {number}")
            return
        path = self.known.paths[run]
        if path in self._uncommitted:
            try:
                edits.check_unedited(self.known.project, path, edits.read(self.known.project, path))
            except RecordEdited as error:
                yield Problem(Verdict.EDITED, error.message, error.hint)
                return
            except (InputInvalid, NotFound) as error:
                yield Problem(Verdict.UNKNOWN, error.message, error.hint)
                return
        if self.known.freshness is not None and run not in self.fresh:
            stale = self.known.freshness.why_stale(self.known.runs[run])
            if not stale.is_known:
                yield Problem(Verdict.UNCHECKED, f"it is not known whether run {number} is fresh: {stale.why}")
            elif stale.why:
                hint = f"repeat it: qanat rerun {number} --head"
                yield Problem(Verdict.STALE, f"run {number} is stale: {stale.why}", hint)
