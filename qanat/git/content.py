"""What a commit has at a path, as one id for all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qanat.git import head_size, repository
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2


@dataclass(frozen=True, slots=True)
class Content:
    """A file or folder of a commit: `id` is that of a blob or a tree, such as `tree:4b825dc…`; `files` counts files."""

    id: str
    files: int


def at(location: Location, commit: str, path: str) -> Content | None:
    """Return what a commit has at a path from the root; None if it has nothing there, or a submodule."""
    import pygit2

    opened = repository.open_repository(location)
    try:
        found = opened.revparse_single(f"{commit}:{path}")
    except (KeyError, ValueError, pygit2.GitError):
        return None
    if isinstance(found, pygit2.Blob):
        return Content(f"blob:{found.id}", 1)
    return Content(f"tree:{found.id}", head_size.count(found)) if isinstance(found, pygit2.Tree) else None


def entries(location: Location, commit: str, paths: Iterable[str]) -> dict[str, str | None]:
    """Return the mode and the id of what a commit has at paths from the root; None where it has nothing."""
    import pygit2

    top = repository.open_repository(location)[commit].peel(pygit2.Tree)
    return {path: _entry(top, path) for path in paths}


def _entry(top: pygit2.Tree, path: str) -> str | None:
    try:
        found = top[path]
    except KeyError:
        return None
    return f"{found.filemode:o} {found.id}"
