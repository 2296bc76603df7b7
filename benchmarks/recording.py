"""Recording in a large repository: the parts of a record's commit, the dirty check, a whole run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Cost, alternate, call, command, cost_of_command, seconds
from benchmarks.projects import QANAT, Place

if TYPE_CHECKING:
    from qanat.git.location import Location

EXPERIMENT = "noop"
FILES = 100_000
RECORD = b"state: finished\n" * 50


def large_repository(place: Place) -> Iterator[Measured]:
    """Measure what qanat adds to a run in a repository of 100,000 files, next to git."""
    root = projects.make(place.folder / "large", EXPERIMENT)
    projects.add_files(root, FILES)
    yield from _commit(place, root)
    yield _dirty_check(place, root)
    what = f"`qanat run` of `true` in a repository of {FILES:,} files"
    ours, theirs = alternate(what, place.quick, command([QANAT, "run", EXPERIMENT], root), command(["true"], root))
    yield Measured(what, seconds(ours), "`true`", seconds(theirs))


def _commit(place: Place, root: Path) -> Iterator[Measured]:
    """Measure a record's commit as a whole, its two parts, and git's commit of one file."""
    # Imported only here, so that the processes measured before are started by a small one.
    from qanat.git import location

    where = location.find(root)
    assert where is not None
    recorder = _Recorder(where)
    what, peer = f"committing a record in a repository of {FILES:,} files", "`git add`, `git commit`"
    whole, objects, index, theirs = alternate(
        what, place.quick, recorder.whole, recorder.objects, recorder.index, lambda: _plain_commit(root)
    )
    beside = seconds(theirs)
    yield Measured(what, seconds(whole), peer, beside, Budget(0.3))
    yield Measured("its part in the object database", seconds(objects), peer, beside, Budget(0, 0.01))
    yield Measured("its part in the index", seconds(index), peer, beside)


class _Recorder:
    """Commits made-up records one by one, each one a side of a comparison."""

    def __init__(self, where: Location) -> None:
        self._where = where
        self._numbers = count(1)
        self._last = ""

    def whole(self) -> Cost:
        """Commit a record as qanat does."""
        return self._commit(self._write(), in_index=True)

    def objects(self) -> Cost:
        """Commit a record to the branch alone, as qanat does if another branch is checked out."""
        self._last = self._write()
        return self._commit(self._last, in_index=False)

    def index(self) -> Cost:
        """Update the index for the record that the branch already has."""
        return self._commit(self._last, in_index=True)

    def _write(self) -> str:
        number = next(self._numbers)
        path = f".qanat/runs/{EXPERIMENT}/0/{number}-{number:06x}.yaml"
        file = self._where.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(RECORD + str(number).encode())
        return path

    def _commit(self, path: str, *, in_index: bool) -> Cost:
        from qanat.git import commits, lock

        data = (self._where.root / path).read_bytes()

        def commit() -> None:
            with lock.held(self._where) as held:
                commits.commit_files(held, "main", {path: data}, "a run", checked_out=in_index)

        return call(commit)()


def _plain_commit(root: Path) -> Cost:
    """Change a file and commit it with git."""
    file = root / EXPERIMENT / "program.txt"
    file.write_text(file.read_text() + "one more line\n")
    add = cost_of_command(["git", "add", "--", str(file)], root)
    commit = cost_of_command(["git", "commit", "--quiet", "--message", "one file"], root)
    return Cost(add.seconds + commit.seconds)


def _dirty_check(place: Place, root: Path) -> Measured:
    from qanat.git import location, worktree

    where = location.find(root)
    assert where is not None
    what = f"dirty check in a repository of {FILES:,} files"
    bare = command(["git", "status", "--porcelain"], root)
    ours, theirs = alternate(what, place.quick, call(lambda: worktree.status(where)), bare)
    return Measured(what, seconds(ours), "`git status`", seconds(theirs), Budget(1.3))
