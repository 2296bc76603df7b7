"""Commits of the user's files, made by git with the user's hooks, from a copy of the index.

If anything fails, the copy is dropped, and the index, HEAD and the branch are what they were. Once the commit is made,
the index gets what is in it, except for files that the user has staged meanwhile. If qanat is killed in between, the
next command does that.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.errors import GitRefused, QanatError
from qanat.git import command, index_copy, lock, worktree
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
    for _ in range(ATTEMPTS):
        with index_copy.copied(location) as copy:
            stage(location, copy, added)
            done = None
            try:
                if _differs(location, copy):
                    done = _commit(location, copy, message)
            finally:
                made = _finish(location, copy)
            if done is None:
                return copy.head
            if done.status != 0:
                raise _refused(done)
            if made:
                return made
    raise GitRefused("git commit failed: the branch moves all the time", hint=_UNCHANGED)


def stage(location: Location, copy: IndexCopy, added: Sequence[str]) -> None:
    """Stage the changes of tracked files, run records aside, and these untracked files, in a copy of the index."""
    command.output(location.root, "add", "--update", "--", ".", f":(exclude){RUNS}", env=copy.env)
    if added:
        names = "".join(f"{path}\0" for path in added).encode("utf-8", "surrogateescape")
        literally = {**copy.env, "GIT_LITERAL_PATHSPECS": "1"}
        arguments = ("add", "--pathspec-from-file=-", "--pathspec-file-nul")
        command.output(location.root, *arguments, stdin=names, env=literally)


def _differs(location: Location, copy: IndexCopy) -> bool:
    compared = ("diff-index", "--cached", "--quiet", "--ignore-submodules=none", "HEAD", "--")
    return command.call(location.root, *compared, env=copy.env).status != 0


def _commit(location: Location, copy: IndexCopy, message: str) -> Finished:
    # The reflog then tells which commit this was, whatever a hook commits besides.
    env = {**copy.env, "GIT_REFLOG_ACTION": f"commit ({copy.mark})"}
    arguments = ("commit", "--quiet", "--message", message)
    return command.with_hooks(location.root, *arguments, env=env, inherited=copy.claim)


def _refused(done: Finished) -> GitRefused:
    """Return an error with everything that git and the hooks printed."""
    printed = (done.out + done.err).decode("utf-8", "replace").rstrip().splitlines()
    if len(printed) > 1:
        lines = "".join(f"\n  {line}" for line in printed)
        return GitRefused(f"git commit failed:{lines}", hint=_UNCHANGED)
    return GitRefused(command.refused("git commit", done).message, hint=_UNCHANGED)


# ---- after the commit


def finish_abandoned(location: Location) -> None:
    """Update the index for commits of qanats that were killed, as far as possible; the next command tries again."""
    with contextlib.suppress(QanatError, OSError), lock.held(location):
        for copy in index_copy.abandoned(location):
            index_copy.release(location, copy.folder / "new")
            with contextlib.suppress(QanatError):
                if made := _made(location, copy):
                    _update_index(location, copy, made)
                index_copy.remove(copy.folder)
            if copy.folder.is_dir() and time.time() - copy.folder.stat().st_mtime > _ABANDONED_S:
                index_copy.remove(copy.folder)


def _finish(location: Location, copy: IndexCopy) -> str | None:
    """Update the index if a commit was made from this copy, and return its id.

    If HEAD had moved before git read it, the commit would undo what moved it; then it is taken back: None.
    """
    made = _made(location, copy)
    if made is None:
        return None
    parent = command.output(location.root, "rev-parse", f"{made}^@").decode().strip()
    if parent != copy.head:
        _take_back(location, copy, made, parent)
        return None
    try:
        _update_index(location, copy, made)
    except (QanatError, OSError):
        with index_copy.kept(copy):
            (copy.folder / "new").unlink(missing_ok=True)  # the disk may be full
            _take_back(location, copy, made, parent)
        raise
    return made


def _take_back(location: Location, copy: IndexCopy, made: str, parent: str) -> None:
    """Move the branch back to where it was before a commit. Raises GitRefused if it has moved on."""
    command.output(location.root, "update-ref", "-m", f"undo ({copy.mark})", "HEAD", parent, made)


def _made(location: Location, copy: IndexCopy) -> str | None:
    """Return the commit that was made from a copy; None if there is none."""
    if (worktree.head(location) or "") == copy.head:
        return None
    listed = command.output(location.root, "log", "-g", "-100", "--format=%H %gs", "HEAD", "--")
    found = [line for line in listed.decode("utf-8", "replace").splitlines() if f" commit ({copy.mark})" in line]
    made = found[-1].partition(" ")[0] if found else ""
    is_there = made and command.call(location.root, "merge-base", "--is-ancestor", made, "HEAD").status == 0
    return made if is_there else None


def _update_index(location: Location, copy: IndexCopy, commit: str) -> None:
    """Give the files that a commit has changed their new entries, unless they were staged anew meanwhile."""
    wanted = _wanted(location, copy.before, commit)
    earlier = _entries(location, copy.before)
    new = copy.folder / "new"
    deadline = time.monotonic() + index_copy.WAIT_S
    while wanted:
        seen = index_copy.stamp(location)
        if seen is not None:
            index_copy.copy_file(location.git_dir / "index", new)
        now = _entries(location, new)
        lines = [line for path, line in wanted.items() if now.get(path) == earlier.get(path)]
        env = {"GIT_INDEX_FILE": str(new)}
        stdin = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        command.output(location.root, "update-index", "-z", "--index-info", stdin=stdin, env=env)
        command.call(location.root, "update-index", "-q", "--refresh", env=env)
        if index_copy.replace(location, new, seen):
            return
        if time.monotonic() > deadline:
            raise GitRefused(
                f"committed {commit[:10]}, but the index is locked and could not be updated",
                hint="the next qanat command updates it: qanat status",
            )
        time.sleep(0.01)


def _wanted(location: Location, index: Path, commit: str) -> dict[str, str]:
    """Map the files that differ between an index and a commit to the commit's lines for `update-index`."""
    arguments = ("--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
    env = {"GIT_INDEX_FILE": str(index)}
    listed = command.output(location.root, "diff-index", *arguments, "--ignore-submodules=none", commit, env=env)
    fields = iter(listed.decode("utf-8", "surrogateescape").split("\0"))
    found = {}
    for facts, path in zip(fields, fields, strict=False):
        mode, _, blob, _, _ = facts.removeprefix(":").split()
        found[path] = f"{mode} {blob}\t{path}"
    return found


def _entries(location: Location, index: Path) -> Mapping[str, str]:
    """Return the entries of an index by path."""
    listed = command.output(location.root, "ls-files", "--stage", "-z", env={"GIT_INDEX_FILE": str(index)})
    rows: Iterator[str] = (row for row in listed.decode("utf-8", "surrogateescape").split("\0") if row)
    return {path: facts for facts, _, path in (row.partition("\t") for row in rows)}
