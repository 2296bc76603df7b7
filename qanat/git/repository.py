"""Reading a repository through libgit2: who commits, which tree, which bytes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.layout import STATE
from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2


def open_repository(location: Location) -> pygit2.Repository:
    """Open the repository of a work tree. Raises GitRefused with what to do when libgit2 will not."""
    import pygit2  # 60 ms, only for commands that need the object database

    try:
        return pygit2.Repository(str(location.root))
    except pygit2.GitError as error:
        root = shlex.quote(str(location.root))
        remedy = f"git config --global --add safe.directory {root}" if "owned" in str(error) else ""
        raise GitRefused(f"the repository cannot be opened: {error}", hint=remedy) from None


def signature(repository: pygit2.Repository) -> pygit2.Signature:
    """Give the name and address that commits are made with. Raises GitRefused when git knows none."""
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
    """Give a setting; where libgit2 finds none, git may, since it knows more places for its files."""
    if key in repository.config:
        return repository.config[key] or ""
    return command.call(Path(repository.workdir), "config", "--get", key).out.decode("utf-8", "replace")


def code_tree(repository: pygit2.Repository, commit: str) -> str:
    """Give the id of a commit's tree without run records: the same for the same code, however many runs it had."""
    import pygit2

    tree = repository[commit].peel(pygit2.Tree)
    inner = tree[STATE] if STATE in tree else None  # noqa: SIM401  # a Tree has no get()
    if not isinstance(inner, pygit2.Tree) or "runs" not in inner:
        return str(tree.id)
    state = repository.TreeBuilder(inner)
    state.remove("runs")
    top = repository.TreeBuilder(tree)
    if len(state):
        top.insert(STATE, state.write(), inner.filemode)
    else:
        top.remove(STATE)
    return str(top.write())


def known_code(repository: pygit2.Repository, commit: str) -> tuple[str, str] | None:
    """Give the full id of a commit, which may be shortened, and its code_tree(); None for one that is not here."""
    import pygit2

    try:
        found = str(repository.revparse_single(f"{commit}^{{commit}}").id)
        return found, code_tree(repository, found)
    except (KeyError, ValueError, pygit2.GitError):
        return None


def read_at(repository: pygit2.Repository, revision: str, path: str) -> bytes | None:
    """Give the bytes that a file has in a commit; None when it is not there."""
    import pygit2

    try:
        found = repository.revparse_single(f"{revision}:{path}")
    except (KeyError, ValueError):
        return None
    return found.data if isinstance(found, pygit2.Blob) else None


def is_checked_out(repository: pygit2.Repository, branch: str) -> bool:
    """Tell whether a branch is the one of any work tree."""
    found = repository.branches.local.get(branch)
    return found is not None and bool(found.is_checked_out())
