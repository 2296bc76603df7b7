"""Snapshots: commits, beside the branch, of a working tree that has changes."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.layout import RECORDED
from qanat.git import command, index_copy
from qanat.git.location import Location

SNAPSHOTS = "refs/qanat/snapshots"


def take_snapshot(location: Location, head: str, message: str, added: Sequence[str] = ()) -> str:
    """Commit the tracked files as they are, and these untracked ones, to no branch; return the commit's id.

    Neither branch nor index nor any file changes. Without the ref that keep_snapshot() creates, git would eventually
    delete the commit.
    """
    from qanat.git import user_commits  # only for a tree with changes

    with index_copy.copied(location, any_state=True) as copy:
        user_commits.stage(location, copy, added)
        tree = command.output(location.root, "write-tree", env=copy.env).decode().strip()
    commit = command.output(location.root, "commit-tree", tree, "-p", head, stdin=message.encode())
    return commit.decode().strip()


def changed_since(location: Location, commit: str) -> list[str]:
    """List the files of a commit that the working tree has changed or deleted; run records do not count.

    Nothing is written to the object database, since a file may have become a secret meanwhile.
    """
    with index_copy.copied(location, any_state=True) as copy:
        command.output(location.root, "read-tree", "--reset", commit, env=copy.env)
        command.call(location.root, "update-index", "-q", "--refresh", env=copy.env)
        names = command.output(
            location.root,
            "diff-files",
            "-z",
            "--name-only",
            "--diff-filter=MDT",
            "--ignore-submodules=dirty",
            "--",
            ".",
            *(f":(exclude){folder}" for folder in RECORDED),
            env=copy.env,
        )
    return [name for name in names.decode("utf-8", "surrogateescape").split("\0") if name]


def keep_snapshot(location: Location, run_id: str, commit: str) -> None:
    """Create a ref for a snapshot, named after its run, so that git keeps it."""
    command.output(location.root, "update-ref", f"{SNAPSHOTS}/{run_id}", commit)


def forget_snapshot(location: Location, run_id: str) -> None:
    """Delete the ref of a snapshot, if there is one."""
    command.output(location.root, "update-ref", "-d", f"{SNAPSHOTS}/{run_id}")
