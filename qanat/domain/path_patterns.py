"""Patterns of paths in a directory, matched name by name, so that a walk enters only folders in which a path may match.

`*`, `?` and `[…]` are as in a shell, within one name; `**` is any number of folders, also none. A name that begins
with a dot matches only a pattern that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

ANY_FOLDERS = "**"


@dataclass(frozen=True, slots=True)
class PathPatterns:
    """What is left of patterns inside some folder, each as the patterns of the names on the way; empty: nothing."""

    left: frozenset[tuple[str, ...]]

    def __bool__(self) -> bool:
        """Return whether anything may match."""
        return bool(self.left)

    def match(self, name: str) -> bool:
        """Return whether a file with this name, here, is meant."""
        return any(len(parts) == 1 and _matches(name, parts[0]) for parts in self._here())

    def inside(self, name: str) -> PathPatterns:
        """Return what is left in the folder with this name."""
        return PathPatterns(frozenset(self._inside(name)))

    def _inside(self, name: str) -> Iterator[tuple[str, ...]]:
        for parts in self._here():
            if parts[0] == ANY_FOLDERS and not name.startswith("."):
                yield parts
            elif len(parts) > 1 and parts[0] != ANY_FOLDERS and _matches(name, parts[0]):
                yield parts[1:]

    def _here(self) -> Iterator[tuple[str, ...]]:
        """Yield the patterns, and those that remain without a leading `**`."""
        for whole in self.left:
            parts = whole
            yield parts
            while parts[0] == ANY_FOLDERS and len(parts) > 1:
                parts = parts[1:]
                yield parts


def path_patterns(texts: Iterable[str]) -> PathPatterns:
    """Return the patterns that these texts are, with slashes; a last `**` is any file."""
    split = [tuple(part for part in text.split("/") if part != ".") for text in texts]
    return PathPatterns(frozenset((*parts, "*") if parts[-1:] == (ANY_FOLDERS,) else parts for parts in split if parts))


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))
