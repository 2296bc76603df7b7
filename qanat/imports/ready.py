"""Whether an import can be committed."""

from __future__ import annotations

from qanat.errors import GitRefused
from qanat.git import worktree
from qanat.usecases.launch.code import check_committer
from qanat.usecases.project import Project


def check_ready(project: Project) -> None:
    """Raise GitRefused if an import could not be committed."""
    check_committer(project)
    refused = "the repository is {}, so the import could not be committed"
    if operation := worktree.operation(project.location.git_dir):
        raise GitRefused(refused.format(worktree.middle_of(operation)), hint="finish or abort it first")
    if worktree.checked_out(project.location) is None:
        raise GitRefused(refused.format("on a detached HEAD"), hint="check out a branch: git switch BRANCH")
