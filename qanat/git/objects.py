"""Writing blobs, trees and commits through libgit2, readable and writable for all who share the repository."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from qanat.git import command, sharing
from qanat.git.location import Location
from qanat.system import files

if TYPE_CHECKING:
    import pygit2


class Objects:
    """Writes objects to one repository. Every method raises GitRefused if an object cannot be written."""

    def __init__(self, location: Location, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._folder = location.common_dir / "objects"
        self._sharing = sharing.of(location)

    def blob(self, data: bytes) -> str:
        """Write a blob and return its id."""
        with _refused():
            return self._shared(self._repository.create_blob(data))

    def tree_with(self, tip: str | None, blobs: Mapping[str, str | None]) -> str:
        """Write the tree of a commit (None: an empty one) with these files added or removed; return its id.

        Of a file that is added, the value is its mode and its blob, as in `100644 3b18e5…`.
        """
        import pygit2

        nested: dict[str, object] = {}
        for path, blob in blobs.items():
            *folders, name = path.split("/")
            inner = nested
            for folder in folders:
                inner = inner.setdefault(folder, {})  # type: ignore[assignment]
            inner[name] = blob
        with _refused():
            base = self._repository[tip].peel(pygit2.Tree) if tip else None
            return str(self._build(base, nested))

    def commit(self, who: pygit2.Signature, message: str, tree: str, parents: list[str]) -> str:
        """Write a commit and return its id."""
        with _refused():
            return self._shared(self._repository.create_commit(None, who, who, message, tree, parents))

    def _build(self, base: pygit2.Tree | None, changes: Mapping[str, object]) -> str | None:
        """Write a tree and return its id; None if it is empty. A change is a file's, None, or a folder's changes."""
        import pygit2
        from pygit2.enums import FileMode

        builder = self._repository.TreeBuilder(base) if base is not None else self._repository.TreeBuilder()
        for name, change in changes.items():
            old = base[name] if base is not None and name in base else None
            if isinstance(change, dict):
                mode, new = FileMode.TREE, self._build(old if isinstance(old, pygit2.Tree) else None, change)
            elif change is not None:
                octal, _, new = str(change).partition(" ")
                mode = FileMode(int(octal, 8))
            else:
                new = None
            if new is not None:
                builder.insert(name, new, mode)
            elif old is not None:
                builder.remove(name)
        return self._shared(builder.write()) if len(builder) else None

    def _shared(self, oid: pygit2.Oid) -> str:
        """Set the permissions of a new object to those that git would have set; return its id."""
        name = str(oid)
        if self._sharing.bits:
            file = self._folder / name[:2] / name[2:]
            files.share(file.parent, self._sharing)
            files.share(file, self._sharing)
        return name


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Turn a failure to write objects (disk full, no permission) into GitRefused; retrying would not help."""
    import pygit2

    try:
        yield
    except (pygit2.GitError, OSError) as error:
        raise command.with_remedy(f"cannot write to the repository: {error}") from None
