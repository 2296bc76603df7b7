"""The files of a commit of any repository, such as one that another tool works in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from qanat.domain import times
from qanat.errors import InputInvalid
from qanat.git.location import Location
from qanat.git.repository import open_repository, size_of

if TYPE_CHECKING:
    import pygit2

_DEPTH_MAX = 60


class Commit(NamedTuple):
    """A commit: its id, who made it, and when, as a timestamp."""

    id: str
    author: str
    time: str


def commits_of_refs(location: Location, prefix: str) -> dict[str, Commit]:
    """Return the commits that the refs with this prefix point to, by the refs, the oldest first."""
    repository = open_repository(location)
    found = {}
    for ref in repository.references.iterator():
        if ref.name.startswith(prefix) and (commit := commit_at(repository, ref.name)):
            found[ref.name] = commit
    return dict(sorted(found.items(), key=lambda item: (item[1].time, item[0])))


def commit_at(repository: pygit2.Repository, revision: str) -> Commit | None:
    """Return the commit that a revision stands for; None if there is none."""
    import pygit2

    try:
        found = repository.revparse_single(revision).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        return None
    return Commit(str(found.id), found.author.name, times.from_epoch(found.commit_time))


class CommitFiles:
    """Reads the regular files of a commit, by their paths from the root; links and submodules do not count."""

    def __init__(self, location: Location, commit: str) -> None:
        import pygit2

        self._repository = open_repository(location)
        self._tree = self._repository[commit].peel(pygit2.Tree)

    def has(self, path: str) -> bool:
        """Return whether a path is a regular file."""
        return self._blob(path) is not None

    def below(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the paths and the sizes in bytes of the files below a folder."""
        import pygit2

        if folder and folder not in self._tree:
            return
        start = self._tree[folder] if folder else self._tree
        stack: list[tuple[str, pygit2.Object, int]] = [(folder, start, 0)]
        while stack:
            place, tree, depth = stack.pop()
            if not isinstance(tree, pygit2.Tree) or depth > _DEPTH_MAX:
                continue
            for entry in tree:
                path = f"{place}/{entry.name}" if place else str(entry.name)
                if entry.filemode == pygit2.enums.FileMode.TREE:
                    stack.append((path, entry, depth + 1))
                elif blob := self._blob(path):
                    yield path, size_of(self._repository, blob)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""
        import pygit2

        blob = self._blob(path)
        if blob is None:
            raise InputInvalid(f"{path}: there is no such file")
        try:
            size = size_of(self._repository, blob)
            if size > limit_bytes:
                raise InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
            data: bytes = self._repository[blob].peel(pygit2.Blob).data
        except (KeyError, pygit2.GitError):
            raise InputInvalid(f"{path}: its content is missing from the repository") from None
        return data

    def _blob(self, path: str) -> pygit2.Oid | None:
        import pygit2

        if path not in self._tree:
            return None
        found = self._tree[path]
        regular = (pygit2.enums.FileMode.BLOB, pygit2.enums.FileMode.BLOB_EXECUTABLE)
        return found.id if found.filemode in regular else None
