"""How many files the last commit has: a few trees may stand for more than git could ever list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qanat.errors import GitRefused

if TYPE_CHECKING:
    import pygit2

# Several times as many as the largest known repositories have.
FILES_MAX = 20_000_000


def check(root: Path) -> None:
    """Raise GitRefused if the commit that is checked out has more files than git can compare with a working tree."""
    import pygit2

    try:
        tree = pygit2.Repository(str(root)).head.peel(pygit2.Tree)
        too_many = count(tree) > FILES_MAX
    except (KeyError, ValueError, pygit2.GitError):
        return  # there is no commit yet, or git itself says what is wrong
    if too_many:
        raise GitRefused(
            f"the commit that is checked out has more than {FILES_MAX:,} files",
            hint="check out another one: git log --oneline",
        )


def count(top: pygit2.Tree) -> int:
    """Count the entries of a tree and the trees in it but trees; a submodule counts as one.

    A tree that is in it several times is read once: few of them may stand for more files than any disk has.
    """
    import pygit2

    counts: dict[pygit2.Oid, int] = {}
    waiting = [top]
    while waiting:
        tree = waiting[-1]
        if tree.id in counts:
            waiting.pop()
            continue
        inner = [entry for entry in tree if isinstance(entry, pygit2.Tree)]
        if unknown := [entry for entry in inner if entry.id not in counts]:
            waiting += unknown
            continue
        counts[tree.id] = len(tree) - len(inner) + sum(counts[entry.id] for entry in inner)
    return counts[top.id]
