"""Commits of records and comments that are noted in the ledger, so that a rebase cannot drop them unseen."""

from __future__ import annotations

from collections.abc import Mapping

from qanat.git import commits
from qanat.git.lock import Held
from qanat.records import ledger
from qanat.usecases.project import Project


def commit_noted(
    held: Held, project: Project, branch: str, content: Mapping[str, bytes | None], message: str, *, checked_out: bool
) -> str | None:
    """Commit files as commits.commit_files() does. Raises GitRefused."""
    private, now, sharing = project.location.private, project.clock.now(), project.sharing
    # As soon as git's index has a file, a rebase that begins may take it out of the working tree.
    ledger.note(private, branch, content, None, now, sharing)
    commit = commits.commit_files(held, branch, content, message, checked_out=checked_out)
    if commit is not None:
        ledger.note(private, branch, content, commit, now, sharing)
    return commit
