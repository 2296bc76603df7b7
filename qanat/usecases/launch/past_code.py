"""The code of a commit or of an earlier run: where it runs, and whether the working tree still has it."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.experiment import CHECKOUT
from qanat.domain.layout import is_recorded
from qanat.domain.run import Code
from qanat.errors import GitRefused
from qanat.git import repository, worktree
from qanat.git.worktree import WorkTree
from qanat.usecases.launch.code import Captured, code_of
from qanat.usecases.project import Project


def at_commit(project: Project, revision: str) -> Captured:
    """Return the code of a commit, to be run in a checkout, whatever is in the working tree. Raises GitRefused."""
    from qanat.git import checkout

    try:
        commit = checkout.resolve(project.location, revision)
    except GitRefused as error:
        from qanat.usecases.merging import keep_commits  # only for its hint

        hint = keep_commits.how_to_fetch(project) if keep_commits.is_id(revision) else error.hint
        raise GitRefused(error.message, hint=hint) from None
    code = code_of(project, commit, worktree.checked_out(project.location))
    return Captured(replace(code, workdir=CHECKOUT), commit, frozenset())


def in_checkout(captured: Captured) -> Captured:
    """Return the same code, to be run in a checkout."""
    return replace(captured, code=replace(captured.code, workdir=CHECKOUT))


def as_checked_out(project: Project, code: Code) -> Captured:
    """Return the code of a run that is in the working tree, without changes."""
    return Captured(code, worktree.head(project.location) or "", frozenset())


def is_checked_out(project: Project, code: Code) -> bool:
    """Return whether the working tree has exactly this code, without changes."""
    tree = worktree.status(project.location)
    if tree.commit is None or _has_changes(project, tree):
        return False
    return repository.code_tree(repository.open_repository(project.location), tree.commit) == code.tree


def _has_changes(project: Project, tree: WorkTree) -> bool:
    """Return whether anything differs from the commit but environments and bytecode."""
    if not tree.changes or any(change.letters != "??" for change in tree.changes):
        return bool(tree.changes)
    from qanat.usecases.launch import environments  # a clean tree needs no such look

    files, _ = environments.find(project)
    return any(not is_recorded(path) for path in files)


def has_changed(project: Project, code: Code) -> bool:
    """Return whether the working tree has other code than a run; files that git does not track do not count.

    False if the run's commit is gone, so that its code cannot run again. Raises GitRefused for that of a snapshot.
    """
    if code.snapshot:
        from qanat.git import identity  # of other runs, the tree is in the record

        return bool(identity.changed_since(project.location, code.commit))
    opened = repository.open_repository(project.location)
    if code.commit not in opened:
        return False
    tree = worktree.status(project.location)
    if any(change.letters != "??" for change in tree.changes) or tree.commit is None:
        return True
    return repository.code_tree(opened, tree.commit) != code.tree
