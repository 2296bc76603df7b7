"""Identifying the code that runs: the commit of a clean tree, or of a dirty one, committed or kept as a snapshot."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qanat.domain.apart import Apart, is_apart
from qanat.domain.run import Code
from qanat.errors import GitRefused, UsageError
from qanat.git import code_commits, repository, worktree
from qanat.git.worktree import WorkTree
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.launch.untracked import Untracked  # a clean tree needs no such file

LISTED = 20


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """What to do with uncommitted changes: commit them with a message, or run them as a snapshot.

    With neither, the user is asked if there is a terminal; otherwise the run is refused. `add` names untracked files,
    or folders of them, by their paths from the root. A commit has no others, and is refused if there are some, unless
    the others are left out on purpose; a snapshot has all that are neither large nor look like secrets.
    """

    commit_message: str | None = None
    snapshot: bool = False
    add: tuple[str, ...] = ()
    allow_secrets: bool = False
    others_left_out: bool = False

    @property
    def is_decided(self) -> bool:
        """Whether it says if changes are committed or run as a snapshot."""
        return self.snapshot or self.commit_message is not None


@dataclass(frozen=True, slots=True)
class Changes:
    """Uncommitted changes: lines to show, and the untracked files among them."""

    lines: tuple[str, ...]
    untracked: tuple[Untracked, ...]


# Whether an untracked file may be code or input of the run.
Counts = Callable[[str], bool]
# Returns what to do with changes, given what is already known of that; if it is still unknown, the run is refused.
Ask = Callable[[Changes, Uncommitted], Uncommitted]


@dataclass(frozen=True, slots=True)
class Captured:
    """The code of a run, and what was uncommitted when it was captured.

    `included` are the untracked files that a snapshot has, `left_out` those that its commit does not have,
    `environments` the untracked folders that are not code, `lacking` a sentence about datasets that git lacks. Changes
    of files that are `apart` do not matter.
    """

    code: Code
    head: str
    fingerprint: frozenset[tuple[str, str, int, int]]
    included: tuple[Untracked, ...] = ()
    left_out: tuple[Untracked, ...] = ()
    environments: tuple[str, ...] = ()
    lacking: str = ""
    apart: tuple[Apart, ...] = ()


def runnable_tree(project: Project) -> WorkTree:
    """Return what is checked out. Raises GitRefused if nothing can be run from it."""
    tree = worktree.status(project.location)
    if tree.commit is None:
        raise GitRefused(
            "the repository has no commits yet, and a run records the commit of its code",
            hint="commit your files: git add --all && git commit",
        )
    if conflicts := [change.path for change in tree.changes if change.in_conflict]:
        raise _in_conflict(conflicts[0], tree.operation)
    return tree


def _in_conflict(path: str, operation: str | None) -> GitRefused:
    if operation is None:  # left by git stash pop or git checkout --merge
        return GitRefused(f"{path} has conflicts", hint=f"resolve them, then: git add {shlex.quote(path)}")
    return GitRefused(
        f"the repository is {worktree.middle_of(operation)}: {path} has conflicts",
        hint=f"finish or abort it: git {operation} --abort",
    )


def changed_files(tree: WorkTree) -> list[str]:
    """List the changed files for display, at most LISTED of them."""
    lines = [f"{change.letters} {change.path}" for change in tree.changes[:LISTED]]
    more = len(tree.changes) - LISTED
    return [*lines, f"… and {more:,} more"] if more > 0 else lines


def check_committer(project: Project) -> str:
    """Return the committer as `Name <address>`. Raises GitRefused if git knows none."""
    who = repository.signature(repository.open_repository(project.location))
    return f"{who.name} <{who.email}>"


def capture(
    project: Project,
    wanted: Uncommitted,
    ask: Ask,
    counts: Counts = lambda _: True,
    used: Sequence[str] = (),
    apart: tuple[Apart, ...] = (),
) -> Captured:
    """Capture the current code. Raises UsageError if the tree is dirty and it is not known what to do then.

    Untracked files make the tree dirty only if they count, or are named; a snapshot has the others, too. `used` are the
    paths of the code to run. Changes of files that are `apart` are left alone unless changes are to be committed.
    """
    whole = runnable_tree(project)
    if apart and not wanted.is_decided:
        whole = replace(whole, changes=tuple(c for c in whole.changes if not is_apart(c.path, apart)))
    seen = _untracked(project, whole, used)
    environments = tuple(file.path for file in seen if file.is_environment)
    files = tuple(file for file in seen if not file.is_environment)
    captured = _captured(project, whole, files, wanted, ask, counts)
    return replace(captured, environments=environments, apart=apart) if environments or apart else captured


def _captured(
    project: Project, whole: WorkTree, every: tuple[Untracked, ...], wanted: Uncommitted, ask: Ask, counts: Counts
) -> Captured:
    found = _counted(every, wanted, counts)
    tree = _with_untracked(whole, found)
    if tree.changes and _is_open(wanted, found):
        # The user may also want files that do not count.
        wanted = ask(Changes(tuple(changed_files(_with_untracked(whole, every))), every), wanted)
        found = _counted(every, wanted, counts)
        tree = _with_untracked(whole, found)
    others = tuple(file for file in every if file not in found)
    _check_wanted(tree, wanted)
    if not tree.changes:
        _named(project, every, wanted)  # to refuse what cannot be added
        return _as_committed(project, tree, others)
    if not wanted.allow_secrets:
        from qanat.usecases.launch.tracked_secrets import check_tracked  # a clean tree needs no such check

        check_tracked(project, tree)
    taken = _named(project, found, wanted)
    if wanted.commit_message is None:
        return _snapshot(project, tree, found, taken, others)
    rest = tuple(file for file in found if file not in taken)
    if rest and not wanted.others_left_out:
        raise _unnamed(rest)
    rest += others
    return _as_committed(project, _committed(project, wanted.commit_message, taken, rest), rest)


def _counted(every: Sequence[Untracked], wanted: Uncommitted, counts: Counts) -> tuple[Untracked, ...]:
    return tuple(f for f in every if wanted.snapshot or counts(f.path) or any(map(f.is_at, wanted.add)))


def _named_in_record(left_out: Sequence[Untracked]) -> tuple[str, ...]:
    """Return the paths of files as a record has them: what is not text in a name is escaped."""
    return tuple(os.fsencode(file.path).decode("utf-8", "backslashreplace") for file in left_out[:LISTED])


def _untracked(project: Project, tree: WorkTree, used: Sequence[str] = ()) -> tuple[Untracked, ...]:
    if not any(change.letters == "??" for change in tree.changes):
        return ()
    from qanat.usecases.launch import untracked

    return untracked.find(project, used)


def _named(project: Project, found: Sequence[Untracked], wanted: Uncommitted) -> tuple[Untracked, ...]:
    if not wanted.add:
        return ()
    from qanat.usecases.launch import untracked

    return untracked.chosen(project, found, wanted.add, allow_secrets=wanted.allow_secrets)


def _with_untracked(tree: WorkTree, found: Sequence[Untracked]) -> WorkTree:
    """Return the tree without changes that consist of other untracked files than these, such as results."""
    folders = {f"{folder}/" for file in found for folder in PurePosixPath(file.path).parents}
    known = folders | {file.path for file in found}
    return replace(tree, changes=tuple(c for c in tree.changes if c.letters != "??" or c.path in known))


def _is_open(wanted: Uncommitted, found: Sequence[Untracked]) -> bool:
    """Return whether the user has to be asked what to do with changes."""
    if not wanted.is_decided:
        return True
    return wanted.commit_message is not None and not wanted.others_left_out and bool(found)


def _as_committed(project: Project, tree: WorkTree, left_out: tuple[Untracked, ...] = ()) -> Captured:
    head = tree.commit or ""
    code = code_of(project, head, tree.branch)
    code = replace(code, untracked=_named_in_record(left_out))
    return Captured(code, head, _fingerprint(project, tree), left_out=left_out)


def code_of(project: Project, commit: str, branch: str | None) -> Code:
    """Return the code of a commit under the name of the newest commit with it that is not of records alone."""
    opened = repository.open_repository(project.location)
    return Code(code_commits.newest(project.location, opened, commit), repository.code_tree(opened, commit), branch)


def _snapshot(
    project: Project,
    tree: WorkTree,
    found: Sequence[Untracked],
    taken: Sequence[Untracked],
    others: Sequence[Untracked],
) -> Captured:
    """Return the code of a snapshot, which is HEAD's if no file that may be in it differs."""
    head = tree.commit or ""
    included = tuple(file for file in found if file.is_plain or file in taken)
    left_out = tuple(file for file in (*found, *others) if file not in included)
    names = [file.path for file in included]
    from qanat.git import identity  # only for a snapshot

    commit = identity.take_snapshot(project.location, head, "qanat: snapshot of the working tree", names)
    opened = repository.open_repository(project.location)
    tree_id = repository.code_tree(opened, commit)
    if tree_id == repository.code_tree(opened, head):
        code = code_of(project, head, tree.branch)
    else:
        code = Code(commit, tree_id, tree.branch, snapshot=True)
    code = replace(code, untracked=_named_in_record(left_out))
    return Captured(code, head, _fingerprint(project, tree), included, left_out)


def _check_wanted(tree: WorkTree, wanted: Uncommitted) -> None:
    """Raise UsageError or GitRefused if the tree's changes cannot be treated as requested."""
    if wanted.commit_message is not None and not wanted.commit_message.strip():
        raise UsageError("--commit-message is empty", hint="describe the changes")
    if tree.changes and not wanted.is_decided:
        changed = "there are uncommitted changes:\n  " + "\n  ".join(changed_files(tree))
        raise UsageError(changed, hint=_what_to_do(tree))
    if wanted.commit_message and not wanted.allow_secrets:
        from qanat.domain.secret_checks import check_text

        check_text("--commit-message", wanted.commit_message)
    _refuse_submodules(tree)
    if tree.changes and tree.operation and wanted.commit_message is not None:
        raise GitRefused(f"the repository is {worktree.middle_of(tree.operation)}", hint="finish it first")


def _what_to_do(tree: WorkTree) -> str:
    if not any(change.letters == "??" for change in tree.changes):
        return "commit them (--commit-message TEXT), or run a snapshot of them (--snapshot)"
    return (
        "commit them (--commit-message TEXT, and --add FILE for each untracked file), run a snapshot of them"
        " (--snapshot), or list files that are not code in .gitignore"
    )


def _unnamed(rest: Sequence[Untracked]) -> UsageError:
    lines = [f"?? {file.described}" for file in rest[:LISTED]]
    lines += [f"… and {len(rest) - LISTED:,} more"] if len(rest) > LISTED else []
    return UsageError(
        "untracked files are committed only if they are named:\n  " + "\n  ".join(lines),
        hint="name each that belongs to the code (--add FILE), list the others in .gitignore, or run a snapshot"
        " (--snapshot)",
    )


def _committed(project: Project, message: str, taken: Sequence[Untracked], rest: Sequence[Untracked]) -> WorkTree:
    """Commit the changes of tracked files and the untracked files taken; return the new state of the tree.

    Raises GitRefused if there are changes again, other than the rest of the untracked files.
    """
    from qanat.git import user_commits  # only for changes that are to be committed

    user_commits.commit(project.location, message, [file.path for file in taken])
    tree = worktree.status(project.location)
    known = {file.path for file in rest}
    again = [f for f in _untracked(project, tree) if f.path not in known and not f.is_environment]
    tree = _with_untracked(tree, again)
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
                hint=f"commit them there first: git -C {shlex.quote(change.path)} commit",
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
    from qanat.git import identity  # only if HEAD is not what it was, or a file has changed

    changed = identity.changed_since(project.location, captured.code.commit)
    return any(not is_apart(path, captured.apart) for path in changed)


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
