"""Which commits are of code, and which are of run records alone.

Compared with its first parent, a commit that changes nothing but run records is one of records; every other is one of
code, also a merge that brings code and an empty commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qanat.errors import GitRefused, InputInvalid, WriteFailed
from qanat.git import repository, sharing
from qanat.git.location import Location
from qanat.system import files

if TYPE_CHECKING:
    import pygit2

# Each line has a commit, and the newest commit of code on its line of first parents.
FILE = "code"
LINES_MAX = 16
# Fewer commits of records are walked faster than a file is written.
NOTED_FROM = 32


class History:
    """Which commits are of records alone, and which of code; each commit is looked at once."""

    def __init__(self, opened: pygit2.Repository) -> None:
        self._opened = opened
        self._known: dict[str, tuple[str, str]] = {}

    def record_parent(self, commit: str) -> str | None:
        """Return the first parent of a commit of records; None for a commit of code, or where the history is cut."""
        before = self.first_parent(commit)
        if before is None:
            return None
        (tree, code), (tree_before, code_before) = self._trees(commit), self._trees(before)
        return before if tree != tree_before and code == code_before else None

    def first_parent(self, commit: str) -> str | None:
        """Return the first parent of a commit; None if it has none, or the history is cut off there."""
        parents = self._commit(commit).parent_ids
        return str(parents[0]) if parents and parents[0] in self._opened else None

    def code(self, commit: str) -> str:
        """Return the id of a commit's tree without run records."""
        return self._trees(commit)[1]

    def has(self, commit: str) -> bool:
        """Return whether the repository has a commit."""
        return commit in self._opened

    def _trees(self, commit: str) -> tuple[str, str]:
        if commit not in self._known:
            self._known[commit] = str(self._commit(commit).tree_id), repository.code_tree(self._opened, commit)
        return self._known[commit]

    def _commit(self, commit: str) -> pygit2.Commit:
        import pygit2

        try:
            return self._opened[commit].peel(pygit2.Commit)
        except pygit2.GitError as error:
            raise GitRefused(f"a commit cannot be read: {error}", hint="git fsck lists what is broken") from None


def newest(location: Location, opened: pygit2.Repository, commit: str) -> str:
    """Return the newest commit of code on the line of first parents that begins at a commit, which may be itself.

    A walk that was long is noted, so that the next one ends where it began, however many records there are.
    """
    history, noted = History(opened), _noted(location)
    at, steps = commit, 0
    while True:
        known = noted.get(at, "")
        if known and history.has(known) and history.code(known) == history.code(commit):
            at = known
            break
        before = history.record_parent(at)
        if before is None:
            break
        at, steps = before, steps + 1
    if steps >= NOTED_FROM:
        _note(location, {**noted, commit: at})
    return at


def _noted(location: Location) -> dict[str, str]:
    with contextlib.suppress(InputInvalid):
        text = files.read(location.private / FILE, limit_bytes=2**16).decode("ascii", "replace")
        pairs = (line.split() for line in text.splitlines())
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return {}


def _note(location: Location, noted: Mapping[str, str]) -> None:
    """Note the last walks. Failures are ignored: the next walk is long again."""
    lines = [f"{commit} {found}\n" for commit, found in noted.items()][-LINES_MAX:]
    with contextlib.suppress(WriteFailed):
        files.write(location.private / FILE, "".join(lines).encode(), sharing=sharing.of(location))
