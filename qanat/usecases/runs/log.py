"""The history of a project without commits of records, and the runs of each commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from qanat.errors import GitRefused
from qanat.git import log, repository, worktree
from qanat.git.code_commits import History
from qanat.git.log import Logged
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.tracking.refresh import Refreshed


@dataclass(slots=True)
class Launched:
    """The runs of a commit: their ids, how many are in each state, and how many ran a snapshot of changes to it."""

    ids: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    snapshots: int = 0

    def add(self, other: Launched) -> None:
        """Add the runs of another commit."""
        self.ids += other.ids
        self.states.update(other.states)
        self.snapshots += other.snapshots


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit of code, and its runs."""

    logged: Logged
    launched: Launched


def history(project: Project, index: Index, refreshed: Refreshed, revision: str) -> Iterator[Entry]:
    """Yield the commits that a revision or range leads to, without those of records. Raises GitRefused.

    Runs that name a commit of records, as those of earlier versions do, are counted for the commit of code before it.
    """
    if worktree.head(project.location) is None:
        raise GitRefused("the repository has no commits yet", hint="commit your files: git add --all && git commit")
    opened = repository.open_repository(project.location)
    commits, runs = History(opened), _runs(index, refreshed)
    for snapshot in [commit for commit, launched in runs.items() if launched.snapshots]:
        if commits.has(snapshot) and (parent := commits.first_parent(snapshot)):
            runs.setdefault(parent, Launched()).add(runs.pop(snapshot))
    for logged in log.walk(project.location, opened, revision):
        launched = runs.pop(logged.commit, Launched())
        before = commits.record_parent(logged.commit)
        if before is None:
            yield Entry(logged, launched)
        else:
            runs.setdefault(before, Launched()).add(launched)


def _runs(index: Index, refreshed: Refreshed) -> dict[str, Launched]:
    """Return the runs of each commit as they are now."""
    found: dict[str, Launched] = {}
    for path, commit, is_snapshot, state in index.launched():
        now = refreshed.live.get(path)
        launched = found.setdefault(commit, Launched())
        launched.ids.append(PurePosixPath(path).stem)
        launched.states[now.state.value if now else state] += 1
        launched.snapshots += is_snapshot
    return found
