"""Committing qanat's own files while the user may be committing too.

The order keeps both sides intact: first objects (which disturb nobody), then the index entries of just these
paths, then the branch by compare-and-swap. In the other order, a user's commit made in between would be built
from an index without the record, and delete it. Whatever a race still leaves out of HEAD is in the working
tree, where the next command finds and commits it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location
from qanat.git.lock import Held
from qanat.git.repository import open_repository, signature

if TYPE_CHECKING:
    import pygit2

RETRY_S = 20.0
_ZERO = "0" * 40


def commit_files(
    held: Held, branch: str, files: Mapping[str, bytes | None], message: str, *, checked_out: bool
) -> str | None:
    """Commit these bytes (None: removal) under their paths to a branch, and nothing else.

    `checked_out` says that the branch is checked out in this working tree, so its index is updated too.
    Returns the new commit's id, or None if the branch already has all of it. Raises GitRefused when
    the branch is gone, the commit cannot be signed, or the repository stays locked.
    """
    repository = open_repository(held.location)
    who = signature(repository)
    with _writing_objects():
        blobs = {path: None if data is None else str(repository.create_blob(data)) for path, data in files.items()}
    if checked_out:
        _update_index(held.location, blobs)
    return _move_branch(held.location, repository, f"refs/heads/{branch}", blobs, message, who)


def _move_branch(
    location: Location,
    repository: pygit2.Repository,
    ref: str,
    blobs: Mapping[str, str | None],
    message: str,
    who: pygit2.Signature,
) -> str | None:
    import pygit2

    deadline = time.monotonic() + RETRY_S
    while True:
        tip = _tip(repository, ref)
        with _writing_objects():
            tree = _tree_with(repository, tip, blobs)
        if tip is not None and tree == str(repository[tip].peel(pygit2.Tree).id):
            return None
        try:
            if _signs(repository):
                commit = _signed(location, tip, tree, message)
            else:
                commit = str(repository.create_commit(None, who, who, message, tree, [tip] if tip else []))
            _point(location, ref, commit, tip, message)
            return commit
        # _point() raises OSError for a tip that moved and for a locked ref.
        except (pygit2.GitError, OSError) as error:
            if time.monotonic() > deadline:
                raise GitRefused(f"cannot commit the record: {error}") from None
            time.sleep(0.005)


@contextlib.contextmanager
def _writing_objects() -> Iterator[None]:
    """Turn a failure to write objects (disk full, no permission) into GitRefused; retrying would not help."""
    import pygit2

    try:
        yield
    except (pygit2.GitError, OSError) as error:
        raise GitRefused(f"cannot write to the repository: {error}") from None


def _tip(repository: pygit2.Repository, ref: str) -> str | None:
    try:
        return str(repository.references[ref].target)
    except KeyError:
        if repository.references.get("HEAD") is not None and repository.head_is_unborn:
            return None
        raise GitRefused(f"branch {ref.removeprefix('refs/heads/')} no longer exists") from None


def _tree_with(repository: pygit2.Repository, tip: str | None, blobs: Mapping[str, str | None]) -> str:
    """Return the id of the tip's tree with these files added or removed."""
    import pygit2

    base = repository[tip].peel(pygit2.Tree) if tip else None
    nested: dict[str, object] = {}
    for path, blob in blobs.items():
        *folders, name = path.split("/")
        inner = nested
        for folder in folders:
            inner = inner.setdefault(folder, {})  # type: ignore[assignment]
        inner[name] = blob
    return str(_build(repository, base, nested))


def _build(repository: pygit2.Repository, base: pygit2.Tree | None, changes: Mapping[str, object]) -> pygit2.Oid | None:
    """Write a tree and return its id; None if it is empty. A change is a blob's id, None, or a folder's changes."""
    import pygit2
    from pygit2.enums import FileMode

    builder = repository.TreeBuilder(base) if base is not None else repository.TreeBuilder()
    for name, change in changes.items():
        old = base[name] if base is not None and name in base else None
        if isinstance(change, dict):
            new = _build(repository, old if isinstance(old, pygit2.Tree) else None, change)
            mode = FileMode.TREE
        else:
            new, mode = change, FileMode.BLOB  # type: ignore[assignment]
        if new is not None:
            builder.insert(name, new, mode)
        elif old is not None:
            builder.remove(name)
    return builder.write() if len(builder) else None


def _update_index(location: Location, blobs: Mapping[str, str | None]) -> None:
    """Update the index entries of just these paths; git takes the index lock before it reads the index."""
    lines = [f"100644 {b}\t{p}" if b else f"0 {_ZERO}\t{p}" for p, b in blobs.items()]
    deadline = time.monotonic() + RETRY_S
    while True:
        done = command.write(
            location.root,
            "update-index",
            "-z",
            "--index-info",
            stdin="".join(f"{x}\0" for x in lines).encode(),
        )
        if done.status == 0:
            return
        if b"index.lock" not in done.err or time.monotonic() > deadline:
            raise command.refused("git update-index", done)
        time.sleep(0.005)


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
    """Move a branch from tip to commit. Raises OSError if the branch has moved or is locked.

    git does this, not libgit2: if this process were killed between creating `main.lock` and renaming it,
    the branch would stay locked for everyone. git survives us and finishes.
    """
    subject = message.partition("\n")[0]
    moved = command.write(location.root, "update-ref", "-m", f"commit: {subject}", ref, commit, tip or _ZERO)
    if moved.status != 0:
        raise OSError(moved.first_error.removeprefix("fatal: "))
