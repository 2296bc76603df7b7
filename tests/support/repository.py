"""A real git repository, and shorthands for what a user types in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qanat.git import command, location
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2


class Repository:
    """A repository, and shorthands for what a user types."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def location(self) -> Location:
        """Where it is."""
        found = location.find(self.root)
        assert found
        return found

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return str(self._opened.head.target)

    @property
    def _opened(self) -> pygit2.Repository:
        """The repository, read and written without a process."""
        import pygit2  # not before HOME is that of the tests: libgit2 reads it once

        return pygit2.Repository(str(self.root))

    def git(self, *arguments: str, stdin: str = "") -> str:
        """Run git and return what it printed, without the last newline."""
        return command.output(self.root, *arguments, stdin=stdin.encode()).decode().rstrip("\n")

    def write(self, path: str, text: str = "") -> Path:
        """Write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def commit(self, message: str = "work", **files: str) -> str:
        """Write files, commit everything as git does without hooks, in a fraction of its time; return the commit."""
        for path, text in files.items():
            self.write(path, text)
        repository = self._opened
        repository.index.add_all()
        repository.index.write()
        who, tree = repository.default_signature, repository.index.write_tree()
        parents = [] if repository.head_is_unborn else [repository.head.target]
        return str(repository.create_commit("HEAD", who, who, f"{message}\n", tree, parents))
