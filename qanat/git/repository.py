"""Reading a repository through libgit2: identities, trees and blobs."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain import times
from qanat.domain.layout import RECORDED, STATE
from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2

FILE_BYTES_MAX = 64 * 2**20
_RECORDED = tuple(folder.removeprefix(f"{STATE}/") for folder in RECORDED)


def open_repository(location: Location) -> pygit2.Repository:
    """Open the repository of a working tree. Raises GitRefused, with a remedy, when libgit2 refuses."""
    import pygit2  # 60 ms, only for commands that need the object database

    try:
        return pygit2.Repository(str(location.root))
    except pygit2.GitError as error:
        root = shlex.quote(str(location.root))
        remedy = f"git config --global --add safe.directory {root}" if "owned" in str(error) else ""
        raise GitRefused(f"cannot open the repository: {error}", hint=remedy) from None


def signature(repository: pygit2.Repository) -> pygit2.Signature:
    """Return the name and email address to commit with. Raises GitRefused if git knows none."""
    import os

    import pygit2

    def known(key: str, variable: str) -> str:
        value = os.environ.get(variable) or _configured(repository, key)
        if not value.strip():
            raise GitRefused(
                f"git does not know who you are: {key} is not set",
                hint='git config --global user.name "Your Name" && git config --global user.email you@example.org',
            )
        return value.strip()

    return pygit2.Signature(known("user.name", "GIT_AUTHOR_NAME"), known("user.email", "GIT_AUTHOR_EMAIL"))


def _configured(repository: pygit2.Repository, key: str) -> str:
    """Return a setting; where libgit2 finds none, git may, since it looks in more places."""
    if key in repository.config:
        return repository.config[key] or ""
    return command.call(Path(repository.workdir), "config", "--get", key).out.decode("utf-8", "replace")


def code_tree(repository: pygit2.Repository, commit: str) -> str:
    """Return the id of a commit's tree without what is recorded of runs: the same code has the same id.

    The tree is not written, so this also works where the repository cannot be changed.
    """
    import pygit2

    tree = repository[commit].peel(pygit2.Tree)
    inner = tree[STATE] if STATE in tree else None  # noqa: SIM401  # a Tree has no get()
    if not isinstance(inner, pygit2.Tree) or not any(name in inner for name in _RECORDED):
        return str(tree.id)
    state = inner.read_raw()
    for name in filter(inner.__contains__, _RECORDED):
        state = _with_entry(state, name.encode(), None)
    return _tree_id(_with_entry(tree.read_raw(), STATE.encode(), bytes.fromhex(_tree_id(state)) if state else None))


def tree_without_state(repository: pygit2.Repository, commit: str) -> str:
    """Return the id of a commit's tree without the folder of qanat: what the programs of the project are made of."""
    import pygit2

    tree = repository[commit].peel(pygit2.Tree)
    return _tree_id(_with_entry(tree.read_raw(), STATE.encode(), None)) if STATE in tree else str(tree.id)


def _with_entry(tree: bytes, name: bytes, new: bytes | None) -> bytes:
    """Return a tree with an entry's id replaced, or (None) without the entry.

    Trees are in git's format: for each entry `MODE NAME`, a zero byte, and the 20 bytes of its id.
    """
    place = 0
    while True:
        end = tree.index(b"\0", place)
        if tree[place:end].partition(b" ")[2] == name:
            return tree[:place] + (tree[place : end + 1] + new if new else b"") + tree[end + 21 :]
        place = end + 21


def _tree_id(tree: bytes) -> str:
    """Return the id that git would give to a tree in its format."""
    return hashlib.sha1(b"tree %d\0" % len(tree) + tree, usedforsecurity=False).hexdigest()


def commit_and_code(repository: pygit2.Repository, commit: str) -> tuple[str, str] | None:
    """Return a commit's full id (it may be given shortened) and its code_tree(); None if the repository lacks it."""
    import pygit2

    try:
        found = str(repository.revparse_single(f"{commit}^{{commit}}").id)
        return found, code_tree(repository, found)
    except (KeyError, ValueError, pygit2.GitError):
        return None


def read_at(repository: pygit2.Repository, revision: str, path: str) -> bytes | None:
    """Return a file's bytes in a commit; None if the file does not exist, or is larger than the files of qanat."""
    import pygit2

    try:
        # Given with the path, the file would be read whatever its size.
        tree = repository.revparse_single(f"{revision}^{{tree}}")
        return _bytes_of(repository, tree[path].id) if isinstance(tree, pygit2.Tree) else None
    except (KeyError, ValueError):
        return None


def size_of(repository: pygit2.Repository, object_: pygit2.Oid | str) -> int:
    """Return the size of an object in bytes, unread: few bytes of a clone may stand for gigabytes. Raises KeyError."""
    return repository.odb.read_header(object_)[1]


def _bytes_of(repository: pygit2.Repository, object_: pygit2.Oid) -> bytes | None:
    """Return the bytes of a blob; None if it is too large, or something else. Raises KeyError."""
    import pygit2

    found = repository[object_] if size_of(repository, object_) <= FILE_BYTES_MAX else None
    return found.data if isinstance(found, pygit2.Blob) else None


def time_of(repository: pygit2.Repository, commit: str) -> str | None:
    """Return when a commit was made, as a timestamp; None if the repository does not have it."""
    import pygit2

    try:
        found = repository[commit]
    except (KeyError, ValueError):
        return None
    return times.from_epoch(found.commit_time) if isinstance(found, pygit2.Commit) else None


def read_staged(repository: pygit2.Repository, path: str) -> bytes | None:
    """Return a file's bytes in the index; None if it is missing, in conflict, or larger than the files of qanat."""
    try:
        return _bytes_of(repository, repository.index[path].id)
    except KeyError:
        return None


def has_branch(repository: pygit2.Repository, branch: str) -> bool:
    """Return whether there is a branch of this name."""
    return repository.branches.local.get(branch) is not None


def is_checked_out(repository: pygit2.Repository, branch: str) -> bool:
    """Return whether any working tree has this branch checked out."""
    found = repository.branches.local.get(branch)
    return found is not None and bool(found.is_checked_out())
