"""The git checkout that qanat itself may run from."""

from __future__ import annotations

from pathlib import Path


def commit_at(root: Path) -> tuple[str, bool] | None:
    """Return the commit checked out at root, and whether tracked files differ from it; None if that cannot be read.

    libgit2 reads it, since git could run programs that the settings of the repository name.
    """
    import pygit2

    try:
        repository = pygit2.Repository(str(root))
        return str(repository.head.target), bool(repository.status(untracked_files="no"))
    except (pygit2.GitError, KeyError):  # another user's, without a commit, or without an object
        return None
