"""Committing qanat's own files while the user may be committing too.

The order keeps both sides intact: first objects (which disturb nobody), then the index entries of just these
paths, then the branch by compare-and-swap. In the other order, a user's commit made in between would be built
from an index without the record, and delete it. Whatever a race still leaves out of HEAD is in the working
tree, where the next command finds and commits it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from qanat.errors import GitRefused
from qanat.git import command, own_entries
from qanat.git.location import Location
from qanat.git.lock import Held
from qanat.git.objects import Objects
from qanat.git.repository import open_repository, signature

if TYPE_CHECKING:
    import pygit2

_ZERO = "0" * 40
_FILE = "100644"
_PROGRAM = "100755"


def commit_files(
    held: Held,
    branch: str,
    files: Mapping[str, bytes | None],
    message: str,
    *,
    checked_out: bool,
    programs: Collection[str] = (),
) -> str | None:
    """Commit these bytes (None: removal) under their paths to a branch, and nothing else.

    `checked_out` says that the branch is checked out in this working tree, so its index is updated too. The paths in
    `programs` are executable.
    Returns the new commit's id, or None if the branch already has all of it. Raises GitRefused when
    the branch is gone, the commit cannot be signed, or the repository stays locked.
    """
    repository = open_repository(held.location)
    who = signature(repository)
    objects = Objects(held.location, repository)
    blobs = {
        path: None if data is None else f"{_PROGRAM if path in programs else _FILE} {objects.blob(data)}"
        for path, data in files.items()
    }
    with own_entries.staged(held, blobs) if checked_out else contextlib.nullcontext():
        return _move_branch(held.location, repository, objects, f"refs/heads/{branch}", blobs, message, who)


def _move_branch(
    location: Location,
    repository: pygit2.Repository,
    objects: Objects,
    ref: str,
    blobs: Mapping[str, str | None],
    message: str,
    who: pygit2.Signature,
) -> str | None:
    import pygit2

    deadline = time.monotonic() + own_entries.RETRY_S
    while True:
        tip = _tip(repository, ref)
        tree = objects.tree_with(tip, blobs)
        if tip is not None and tree == str(repository[tip].peel(pygit2.Tree).id):
            return None
        try:
            if _signs(repository):
                commit = _signed(location, tip, tree, message)
            else:
                commit = objects.commit(who, message, tree, [tip] if tip else [])
            _point(location, ref, commit, tip, message)
            return commit
        # _point() raises OSError for a tip that moved and for a locked ref.
        except (pygit2.GitError, OSError) as error:
            if time.monotonic() > deadline:
                raise GitRefused(f"cannot commit the record: {error}") from None
            time.sleep(0.005)


def _tip(repository: pygit2.Repository, ref: str) -> str | None:
    try:
        return str(repository.references[ref].target)
    except KeyError:
        if repository.references.get("HEAD") is not None and repository.head_is_unborn:
            return None
        raise GitRefused(f"branch {ref.removeprefix('refs/heads/')} no longer exists") from None


def _signs(repository: pygit2.Repository) -> bool:
    return "commit.gpgsign" in repository.config and repository.config.get_bool("commit.gpgsign")


def _signed(location: Location, tip: str | None, tree: str, message: str) -> str:
    """Have git sign the commit. It cannot ask for a passphrase, so it fails where one would be needed."""
    parents = ["-p", tip] if tip else []
    done = command.call(location.root, "commit-tree", "-S", tree, *parents, stdin=message.encode())
    if done.status != 0:
        raise GitRefused(
            "the commit of the record could not be signed",
            hint=f"commit it yourself; git said: {done.first_error}",
        )
    return done.out.decode().strip()


def _point(location: Location, ref: str, commit: str, tip: str | None, message: str) -> None:
    """Move a branch from tip to commit. Raises OSError if the branch has moved or is locked, GitRefused otherwise.

    git does this, not libgit2: if this process were killed between creating `main.lock` and renaming it,
    the branch would stay locked for everyone. git survives us and finishes.
    """
    subject = message.partition("\n")[0]
    moved = command.write(location.root, "update-ref", "-m", f"commit: {subject}", ref, commit, tip or _ZERO)
    if moved.status != 0:
        problem = moved.first_error.removeprefix("fatal: ")
        raise OSError(problem) if command.met_another(moved) else GitRefused(f"cannot commit the record: {problem}")
