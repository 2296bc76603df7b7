"""A real git repository, and shorthands for what a user types in it."""

from __future__ import annotations

from pathlib import Path

from qanat.git import command, location
from qanat.git.location import Location


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
        """Write files, commit everything, and return the commit."""
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        import pygit2  # not before HOME is that of the tests: libgit2 reads it once

        return str(pygit2.Repository(str(self.root)).head.target)
