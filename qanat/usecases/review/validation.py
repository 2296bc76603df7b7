"""What is wrong with the definitions that a branch changes."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import PurePosixPath

from qanat.domain.changes import REMOVED, DefinitionChange
from qanat.domain.redaction import redacted
from qanat.git import repository, worktree
from qanat.git.trees import SUBMODULE, Trees
from qanat.usecases.checks.file_views import OnDisk
from qanat.usecases.checks.validate import validate_in
from qanat.usecases.project import Project


def findings(project: Project, head: str | None, changes: Iterable[DefinitionChange]) -> list[str]:
    """List what `qanat validate` finds in changed definitions of a commit (None: of the working tree), one per line."""
    names = sorted({change.definition.file for change in changes if change.change != REMOVED})
    if not names:
        return []
    state = OnDisk(project.root) if head is None else InCommit(project, head)
    with project.index() as index:
        found = validate_in(state, project, index, names)
    return [redacted(str(problem)) for problem in found]


class InCommit:
    """A commit of which a few files are looked up; the file on disk where git has none.

    `checks.file_views.InGit` lists all files first, which takes longer than all the rest in a project of many records.
    """

    def __init__(self, project: Project, commit: str) -> None:
        self._location = project.location
        self._commit = commit
        self._trees = Trees(project.location, repository.open_repository(project.location))
        self._disk = OnDisk(project.root)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file of `.qanat/`. Raises InputInvalid."""
        entry = self._trees.entry(self._commit, path)
        return self._trees.read(entry, limit_bytes) if entry else self._disk.read(path, limit_bytes)

    def is_link(self, path: str) -> bool:
        """Return whether the path is a symbolic link in git."""
        mode = self._trees.mode(self._commit, path)
        return self._disk.is_link(path) if mode is None else stat.S_ISLNK(mode)

    def is_file(self, path: str) -> bool:
        """Return whether git has the file, or it is on disk and git is meant not to have it."""
        mode = self._trees.mode(self._commit, path)
        if mode is not None:
            return stat.S_ISREG(mode) or stat.S_ISLNK(mode)
        above = (self._trees.mode(self._commit, str(folder)) for folder in PurePosixPath(path).parents)
        is_meant = SUBMODULE in above or bool(worktree.ignored(self._location, [path]))
        return is_meant and self._disk.is_file(path)

    def is_executable(self, path: str) -> bool:
        """Return whether checkouts may run the file; on disk where git does not have it itself."""
        mode = self._trees.mode(self._commit, path)
        return bool(mode & stat.S_IXUSR) if mode and stat.S_ISREG(mode) else self._disk.is_executable(path)

    def exists(self, path: str) -> bool:
        """Return whether the path exists in git or on disk."""
        return self._trees.mode(self._commit, path) is not None or self._disk.exists(path)

    def absence(self, path: str) -> str:
        """Return why there is no file."""
        return "is not tracked by git" if self._disk.is_file(path) else self._disk.absence(path)
