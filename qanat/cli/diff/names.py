"""How a report names runs and commits, with links to their pages if there are any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from qanat.cli.diff.blocks import Link, Linked
from qanat.domain.layout import RUNS, record_path
from qanat.domain.meanings import Sentence, Verbatim
from qanat.domain.web_pages import WebPages
from qanat.usecases.review.runs import DELETED, DELETED_AFTER_END, ONLY_BEFORE
from qanat.usecases.review.state import StateChanges

RUNS_NAMED = 8


class Names:
    """Names runs by number, or by full id if the report has two with the same number."""

    def __init__(self, found: StateChanges, pages: WebPages | None = None) -> None:
        self._range = found.range
        self._pages = pages
        self._records = _records(found)
        self._unpublished = frozenset(_unpublished(found))
        self._shared = Counter(run.partition("-")[0] for run in self._records)

    def of(self, run_id: str) -> str:
        """Return the name of a run, without a link."""
        number = run_id.partition("-")[0]
        return run_id if self._shared[number] > 1 else number

    def run(self, run_id: str) -> Verbatim:
        """Return the name of a run."""
        return self._linked_run(run_id, self.of(run_id))

    def whole(self, run_id: str) -> Verbatim:
        """Return the full id of a run."""
        return self._linked_run(run_id, run_id)

    def listed(self, ids: Sequence[str]) -> Sentence:
        """List runs: `runs 3, 4 and 7 more`."""
        return ("run " if len(ids) == 1 else "runs ", *self.numbers(ids))

    def numbers(self, ids: Sequence[str]) -> Sentence:
        """List runs: `3, 4 and 7 more`."""
        named = [part for run in ids[:RUNS_NAMED] for part in (", ", self.run(run))][1:]
        more = len(ids) - RUNS_NAMED
        return (*named, *((f" and {more:,} more",) if more > 0 else ()))

    def commit(self, commit: str) -> Verbatim:
        """Return the short id of a commit."""
        short = commit[:10] if commit.strip("0") else "unknown"
        if self._pages is None or commit in self._unpublished:
            return Verbatim(short)
        return Linked(short, self._pages.commit(commit))

    def comparison(self) -> Sentence:
        """Return a link to what changes between the two commits; empty if it has no page."""
        span = self._range
        if self._pages is None or span.base is None or span.head is None:
            return ()
        return (" (", Link("compare", self._pages.comparison(span.base, span.head)), ")")

    def _linked_run(self, run_id: str, text: str) -> Verbatim:
        commit, path = self._records.get(run_id, (None, ""))
        address = self._pages.file(commit, path) if self._pages and commit else None
        return Linked(text, address) if address else Verbatim(text)


def _unpublished(found: StateChanges) -> Iterator[str]:
    """Yield the commits that no server may have: snapshots, which are on no branch, and those that are missing here."""
    for runs in found.experiments:
        yield from (run.code.commit for run in runs.runs if run.code.snapshot)
        yield from (before.row.commit for before in runs.before if before and before.is_snapshot)
    yield from (code.commit for code in found.other_code if code.files is None)


def _records(found: StateChanges) -> dict[str, tuple[str | None, str]]:
    """Map the runs of a report to a commit that has the record, None for the working tree, and its path."""
    base, head = found.range.base, found.range.head
    records: dict[str, tuple[str | None, str]] = {}
    for runs in found.experiments:
        earlier = ((run, b.row.experiment) for b in runs.before if b for run in b.row.runs)
        finished = ((one.before[0], one.named_before) for one in runs.regressions)
        records |= {run: (base, _path(experiment, run)) for run, experiment in (*finished, *earlier)}
    records |= {one.run: (base, _path(one.named_before, one.run)) for one in found.stale}
    judged = (one for v in found.verdicts for one in (*v.behind, *v.unclear))
    levels = ((one.named_before, run) for one in judged for run in one.runs_before)
    records |= {run: (base, _path(experiment, run)) for experiment, run in levels}
    for change in found.other_changes:
        records[change.run] = (
            base if change.kind in (DELETED, ONLY_BEFORE) else head,
            _path(change.experiment, change.run),
        )
    records |= {one.run: (head, _path(one.experiment, one.run)) for one in found.replaced}
    records |= {w.run: (base if w.kind == DELETED_AFTER_END else head, w.file) for w in found.warnings}
    return records | {run.id: (head, _path(run.experiment, run.id)) for runs in found.experiments for run in runs.runs}


def _path(experiment: str, run_id: str) -> str:
    number, _, uid = run_id.partition("-")
    return record_path(experiment, int(number), uid) if number.isdecimal() else f"{RUNS}/{experiment}"
