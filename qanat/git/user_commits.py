"""Commits of the user's files, made by git with the user's hooks, from a copy of the index.

If anything fails, the copy is dropped, and the index, HEAD and the branch are what they were. Once the commit is made,
the index gets what is in it, except for files that the user has staged meanwhile. If qanat is killed in between, the
next command does that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence

from qanat.domain.layout import RECORDED
from qanat.errors import GitRefused, QanatError
from qanat.git import command, index_copy, lock, own_entries, worktree
from qanat.git.index_copy import IndexCopy
from qanat.git.location import Location
from qanat.system.programs import Finished

ATTEMPTS = 5
_ABANDONED_S = 24 * 3600
_UNCHANGED = "nothing was committed, and what you have staged is as it was"


def commit(location: Location, message: str, added: Sequence[str] = ()) -> str:
    """Commit all changes of tracked files, run records aside, and these untracked files; return the commit's id.

    What is committed is the working tree, as with `git commit -a`: of a file that is staged in part, all of it. If
    there is nothing to commit, HEAD is returned. Raises GitRefused with all that git and the hooks print.
    """
    return _commit_staged(location, message, lambda copy: stage(location, copy, added))


def commit_only(location: Location, message: str, paths: Sequence[str]) -> str:
    """Commit these files as they are, or their removal, and nothing else that is staged; otherwise like commit()."""
    return _commit_staged(location, message, lambda copy: _stage_only(location, copy, paths))


def _commit_staged(location: Location, message: str, stage_in: Callable[[IndexCopy], None]) -> str:
    for _ in range(ATTEMPTS):
        with index_copy.copied(location) as copy, contextlib.suppress(_Moved):
            stage_in(copy)
            if not _differs(location, copy):
                return copy.head
            return _commit(location, copy, message)
    raise GitRefused("git commit failed: the branch keeps moving", hint=_UNCHANGED)


class _Moved(Exception):
    """The branch was moved by others before this commit could be made."""


def stage(location: Location, copy: IndexCopy, added: Sequence[str]) -> None:
    """Stage the changes of tracked files, run records aside, and these untracked files, in a copy of the index."""
    code = (".", *(f":(exclude){folder}" for folder in RECORDED))
    command.output(location.root, "add", "--update", "--", *code, env=copy.env)
    if added:
        _add(location, copy, added)


def _stage_only(location: Location, copy: IndexCopy, paths: Sequence[str]) -> None:
    index_copy.reduce(location, copy)
    known = index_copy.entries(location, copy.index)
    if there := [path for path in paths if path in known or os.path.lexists(location.root / path)]:
        # The user has named them, even if git ignores them.
        _add(location, copy, there, "--all", "--force")


def _add(location: Location, copy: IndexCopy, paths: Sequence[str], *options: str) -> None:
    names = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    literally = {**copy.env, "GIT_LITERAL_PATHSPECS": "1"}
    arguments = ("add", *options, "--pathspec-from-file=-", "--pathspec-file-nul")
    command.output(location.root, *arguments, stdin=names, env=literally)


def _differs(location: Location, copy: IndexCopy) -> bool:
    compared = ("diff-index", "--cached", "--quiet", "--ignore-submodules=none", "HEAD", "--")
    return command.call(location.root, *compared, env=copy.env).status != 0


def _commit(location: Location, copy: IndexCopy, message: str) -> str:
    """Commit what a copy of the index contains; return the commit's id. Raises GitRefused, and _Moved to try again."""
    try:
        done = _call_commit(location, copy, message)
    except BaseException:
        with contextlib.suppress(_Moved):
            _finish(location, copy, is_sure=False)
        raise
    if made := _finish(location, copy, is_sure=done.status == 0):
        return made
    if done.status == 0:
        # Another attempt would leave one more commit.
        raise GitRefused("the commit was replaced or removed, perhaps by a git hook", hint="see git reflog")
    if (worktree.head(location) or "") == copy.head:
        raise _refused(done)
    raise _Moved


def _call_commit(location: Location, copy: IndexCopy, message: str) -> Finished:
    # The reflog then tells which commit this was, whatever a hook commits besides.
    env = {**copy.env, "GIT_REFLOG_ACTION": f"commit ({copy.mark})"}
    arguments = ("commit", "--quiet", "--message", message)
    _drop_message_of_another_user(location)
    return command.with_hooks(location.root, *arguments, env=env, inherited=copy.claim)


def _drop_message_of_another_user(location: Location) -> None:
    """Remove the last message of another user who shares the repository: git 2.39 cannot write over it."""
    last = location.git_dir / "COMMIT_EDITMSG"
    if last.exists() and not os.access(last, os.W_OK):
        with contextlib.suppress(OSError):
            last.unlink()


def _refused(done: Finished) -> GitRefused:
    """Return an error with everything that git and the hooks printed."""
    printed = (done.out + done.err).decode("utf-8", "replace").rstrip().splitlines()
    if len(printed) > 1:
        lines = "".join(f"\n  {line}" for line in printed)
        return GitRefused(f"git commit failed:{lines}", hint=_UNCHANGED)
    return GitRefused(command.refused("git commit", done).message, hint=_UNCHANGED)


# ---- after the commit


def finish_abandoned(location: Location) -> None:
    """Finish or undo what killed qanats were doing to the index, as far as possible; the next command tries again."""
    with contextlib.suppress(QanatError, OSError), lock.held(location):
        for copy in index_copy.abandoned(location):
            index_copy.release(location, copy.new)
            index_copy.release(location, copy.before)
            with contextlib.suppress(QanatError):
                if copy.own.exists():
                    own_entries.settle(location, copy)
                elif (made := _made(location, copy)) and _has_files_of(location, copy, made):
                    _update_index(location, copy, made)
                shutil.rmtree(copy.folder, ignore_errors=True)
            if copy.folder.is_dir() and time.time() - copy.folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(copy.folder, ignore_errors=True)


def _finish(location: Location, copy: IndexCopy, *, is_sure: bool) -> str | None:
    """Update the index if a commit was made from this copy, and return its id.

    If git has not said so (`is_sure`), the commit may be that of a hook, unless it has the files of the copy.

    If HEAD had moved before git read it, the commit would undo what moved it; then it is taken back. Raises _Moved.
    """
    made = _made(location, copy)
    if made is None or not (is_sure or _has_files_of(location, copy, made)):
        return None
    parent = command.output(location.root, "rev-parse", f"{made}^@").decode().strip()
    if parent != copy.head:
        _take_back(location, copy, made, parent)
        raise _Moved
    try:
        _update_index(location, copy, made)
    except (QanatError, OSError):
        with index_copy.kept(copy):
            copy.new.unlink(missing_ok=True)  # the disk may be full
            _take_back(location, copy, made, parent)
        raise
    return made


def _take_back(location: Location, copy: IndexCopy, made: str, parent: str) -> None:
    """Move the branch back to where it was before a commit. Raises GitRefused if it has moved on."""
    command.output(location.root, "update-ref", "-m", f"undo ({copy.mark})", "HEAD", parent, made)


def _made(location: Location, copy: IndexCopy) -> str | None:
    """Return the commit that was made from a copy, as a hook may have amended it; None if there is none."""
    head = worktree.head(location) or ""
    if head == copy.head:
        return None
    listed = command.output(location.root, "log", "-g", "-100", "--format=%H %gs", "HEAD", "--")
    found = [line for line in listed.decode("utf-8", "replace").splitlines() if f" commit ({copy.mark})" in line]
    if not found:  # the repository has no reflogs
        is_next = command.output(location.root, "rev-parse", f"{head}^@").decode().strip() == copy.head
        return head if is_next and _has_files_of(location, copy, head) else None
    # Whatever a hook commits besides comes later.
    return next((made for line in reversed(found) if _is_in_head(location, made := line.partition(" ")[0])), None)


def _is_in_head(location: Location, commit: str) -> bool:
    return command.call(location.root, "merge-base", "--is-ancestor", commit, "HEAD").status == 0


def _has_files_of(location: Location, copy: IndexCopy, commit: str) -> bool:
    tree = command.output(location.root, "write-tree", env=copy.env)
    return tree == command.output(location.root, "rev-parse", f"{commit}^{{tree}}")


def _update_index(location: Location, copy: IndexCopy, commit: str) -> None:
    """Update the entries of the files that a commit has changed, unless they were staged again meanwhile."""
    wanted = _wanted(location, copy, commit)
    earlier = index_copy.entries(location, copy.before)

    def lines(now: Mapping[str, str]) -> list[str]:
        return [line for path, line in wanted.items() if now.get(path) == earlier.get(path)]

    if wanted:
        index_copy.rebuild(location, copy, lines)


def _wanted(location: Location, copy: IndexCopy, commit: str) -> dict[str, str]:
    """Map the files whose entries a commit changes to their lines for `update-index`.

    Usually those are the files in which it differs from the index as it was; what was staged besides a partial commit
    stays.
    """
    options = ("--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
    if copy.is_partial:
        listed = command.output(location.root, "diff-tree", *options, copy.head, commit)
    else:
        env = {"GIT_INDEX_FILE": str(copy.before)}
        index = ("diff-index", "--cached", "--ita-invisible-in-index", "-R")
        listed = command.output(location.root, *index, *options, commit, env=env)
    fields = iter(listed.decode("utf-8", "surrogateescape").split("\0"))
    found = {}
    for facts, path in zip(fields, fields, strict=False):
        _, mode, _, blob, _ = facts.removeprefix(":").split()
        found[path] = f"{mode} {blob}\t{path}"
    return found
