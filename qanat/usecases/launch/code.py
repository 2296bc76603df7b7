"""Identifying the code that runs: the commit of a clean tree, or of a dirty one, committed or kept as a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from qanat.domain.experiment import CHECKOUT
from qanat.domain.run import Code
from qanat.errors import GitRefused, UsageError
from qanat.git import checkout, identity, repository, worktree
from qanat.git.worktree import WorkTree
from qanat.usecases.project import Project

LISTED = 20


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """What to do with uncommitted changes: commit them with a message, or run them as a snapshot.

    With neither, the user is asked if there is a terminal; otherwise the run is refused.
    """

    commit_message: str | None = None
    snapshot: bool = False


# Returns what to do with a list of changes; an empty answer refuses the run.
Ask = Callable[[Sequence[str]], Uncommitted]


@dataclass(frozen=True, slots=True)
class Captured:
    """The code of a run, and what was uncommitted when it was captured."""

    code: Code
    head: str
    fingerprint: frozenset[tuple[str, str, int, int]]


def runnable_tree(project: Project) -> WorkTree:
    """Return what is checked out. Raises GitRefused if nothing can be run from it."""
    tree = worktree.status(project.location)
    if tree.commit is None:
        raise GitRefused(
            "the repository has no commits yet, and a run records the commit of its code",
            hint="commit your files: git add --all && git commit",
        )
    if conflicts := [change.path for change in tree.changes if change.in_conflict]:
        operation = tree.operation or "merge"
        raise GitRefused(
            f"the repository is in the middle of a {operation}: {conflicts[0]} has conflicts",
            hint=f"finish or abort it: git {operation} --abort",
        )
    return tree


def changed_files(tree: WorkTree) -> list[str]:
    """List the changed files for display, at most LISTED of them."""
    lines = [f"{change.letters} {change.path}" for change in tree.changes[:LISTED]]
    more = len(tree.changes) - LISTED
    return [*lines, f"… and {more:,} more"] if more > 0 else lines


def check_committer(project: Project) -> str:
    """Return the committer as `Name <address>`. Raises GitRefused if git knows none."""
    who = repository.signature(repository.open_repository(project.location))
    return f"{who.name} <{who.email}>"


def capture(project: Project, wanted: Uncommitted, ask: Ask) -> Captured:
    """Capture the current code. Raises UsageError if the tree is dirty and it is not known what to do then."""
    tree = runnable_tree(project)
    if tree.changes and wanted == Uncommitted():
        wanted = ask(changed_files(tree))
    _check_wanted(tree, wanted)
    if tree.changes and wanted.commit_message is not None:
        tree = _committed(project, wanted.commit_message)
    commit, snapshot = tree.commit or "", bool(tree.changes)
    if snapshot:
        commit = identity.take_snapshot(project.location, commit, "qanat: snapshot of the working tree")
    tree_id = repository.code_tree(repository.open_repository(project.location), commit)
    return Captured(Code(commit, tree_id, tree.branch, snapshot), tree.commit or "", _fingerprint(project, tree))


def _check_wanted(tree: WorkTree, wanted: Uncommitted) -> None:
    """Raise UsageError or GitRefused if the tree's changes cannot be treated as requested."""
    if wanted.commit_message is not None and not wanted.commit_message.strip():
        raise UsageError("--commit-message is empty", hint="describe the changes")
    if tree.changes and wanted == Uncommitted():
        raise UsageError(
            "there are uncommitted changes:\n  " + "\n  ".join(changed_files(tree)),
            hint="commit them (--commit-message TEXT), or run a snapshot of them (--snapshot)",
        )
    _refuse_submodules(tree)
    if tree.changes and tree.operation and wanted.commit_message is not None:
        raise GitRefused(f"the repository is in the middle of a {tree.operation}", hint="finish it first")


def _committed(project: Project, message: str) -> WorkTree:
    """Commit all changes, and return the new state of the tree. Raises GitRefused if there are changes again."""
    identity.commit_everything(project.location, message)
    tree = worktree.status(project.location)
    if tree.changes:
        raise GitRefused(
            "committed, but there are uncommitted changes again, perhaps made by a git hook:\n  "
            + "\n  ".join(changed_files(tree)),
            hint="see git status",
        )
    return tree


def _refuse_submodules(tree: WorkTree) -> None:
    """Raise GitRefused for changes inside a submodule, which no commit of this repository can contain."""
    for change in tree.changes:
        if change.in_submodule:
            raise GitRefused(
                f"the submodule {change.path} has uncommitted changes",
                hint=f"commit them there first: git -C {change.path} commit",
            )


def changed_since(project: Project, captured: Captured) -> bool:
    """Return whether tracked files changed since the code was captured.

    Usually git's status is enough; only if that differs are the files themselves compared.
    """
    now = worktree.status(project.location)
    same_head = now.commit == captured.head or _same_code(project, now.commit, captured)
    # A snapshot has files that git does not track, so git's status does not cover them.
    if same_head and not captured.code.snapshot and _fingerprint(project, now) == captured.fingerprint:
        return False
    return bool(identity.changed_since(project.location, captured.code.commit))


def _same_code(project: Project, commit: str | None, captured: Captured) -> bool:
    """Return whether HEAD has moved only by commits of records."""
    opened = repository.open_repository(project.location)
    return commit is not None and repository.code_tree(opened, commit) == repository.code_tree(opened, captured.head)


def _fingerprint(project: Project, tree: WorkTree) -> frozenset[tuple[str, str, int, int]]:
    marks = set()
    for change in tree.changes:
        if change.letters != "??":
            try:
                stat = (project.root / change.path).lstat()
                marks.add((change.letters, change.path, stat.st_mtime_ns, stat.st_size))
            except OSError:
                marks.add((change.letters, change.path, 0, 0))
    return frozenset(marks)


def at_commit(project: Project, revision: str) -> Captured:
    """Return the code of a commit, to be run in a checkout, whatever is in the working tree. Raises GitRefused."""
    try:
        commit = checkout.resolve(project.location, revision)
    except GitRefused as error:
        from qanat.usecases.merging import keep_commits  # only for its hint

        hint = keep_commits.how_to_fetch(project) if keep_commits.is_id(revision) else error.hint
        raise GitRefused(error.message, hint=hint) from None
    tree_id = repository.code_tree(repository.open_repository(project.location), commit)
    branch = worktree.checked_out(project.location)
    return Captured(Code(commit, tree_id, branch, workdir=CHECKOUT), commit, frozenset())


def in_checkout(captured: Captured) -> Captured:
    """Return the same code, to be run in a checkout."""
    return replace(captured, code=replace(captured.code, workdir=CHECKOUT))


def as_checked_out(project: Project, code: Code) -> Captured:
    """Return the code of a run that is in the working tree, without changes."""
    return Captured(code, worktree.head(project.location) or "", frozenset())


def is_checked_out(project: Project, code: Code) -> bool:
    """Return whether the working tree has exactly this code, without changes."""
    tree = worktree.status(project.location)
    if tree.changes or tree.commit is None:
        return False
    return repository.code_tree(repository.open_repository(project.location), tree.commit) == code.tree
