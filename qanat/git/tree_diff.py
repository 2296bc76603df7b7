"""Which files differ between two trees; folders that are the same on both sides are never opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pygit2

# A few trees that contain each other many times stand for more files than any disk has, and so may very deep ones.
ENTRIES_MAX = 300_000
PATH_BYTES_MAX = 4_096


class TooManyFiles(Exception):
    """The trees differ in more files than are compared."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A path, in bytes, and what each of two trees has there: anything but a tree, or None."""

    path: bytes
    old: pygit2.Object | None
    new: pygit2.Object | None


def differing(old: pygit2.Tree | None, new: pygit2.Tree | None) -> Iterator[Differing]:
    """Yield what differs between two trees, in no order. Raises TooManyFiles once it has looked at too many."""
    waiting = [(b"", old, new)]
    left = ENTRIES_MAX
    while waiting:
        folder, *sides = waiting.pop()
        before, after = ({entry.raw_name or b"": entry for entry in side or ()} for side in sides)
        left -= len(before) + len(after)
        if left < 0 or len(folder) > PATH_BYTES_MAX:
            raise TooManyFiles
        for name in before.keys() | after.keys():
            pair = before.get(name), after.get(name)
            if not _is_same(*pair):
                trees, others = _parted(pair)
                if any(trees):
                    waiting.append((folder + name + b"/", *trees))
                if any(others):
                    yield Differing(folder + name, *others)


def _is_same(old: pygit2.Object | None, new: pygit2.Object | None) -> bool:
    return old is not None and new is not None and old.id == new.id and old.filemode == new.filemode


def _parted(pair: tuple[Any, Any]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the trees of a pair, and the rest of it."""
    import pygit2

    are_trees = [isinstance(entry, pygit2.Tree) for entry in pair]
    trees = (pair[0] if are_trees[0] else None, pair[1] if are_trees[1] else None)
    return trees, (None if are_trees[0] else pair[0], None if are_trees[1] else pair[1])
