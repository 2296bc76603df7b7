"""Giving the code of a dirty working tree a commit: on the branch, or as a snapshot beside it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.git import command
from qanat.git.location import Location

SNAPSHOTS = "refs/qanat/snapshots"


def commit_everything(location: Location, message: str) -> str:
    """Commit everything that is not ignored, like `git add --all && git commit`, with hooks; return the commit's id."""
    command.output(location.root, "add", "--all", "--", ".", f":(exclude){RUNS}")
    command.output(location.root, "commit", "--quiet", "--message", message)
    return command.output(location.root, "rev-parse", "HEAD").decode().strip()


def take_snapshot(location: Location, head: str, message: str) -> str:
    """Commit the dirty tree (tracked and untracked files, not ignored ones) to no branch; return the commit's id.

    Without the ref that keep_snapshot() creates, git would eventually delete it.
    """
    tree = _write_tree(location)
    commit = command.output(location.root, "commit-tree", tree, "-p", head, stdin=message.encode())
    return commit.decode().strip()


def changed_since(location: Location, commit: str) -> list[str]:
    """List the files of a commit that the working tree has changed or deleted; run records do not count."""
    names = command.output(
        location.root,
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--diff-filter=MDT",
        commit,
        _write_tree(location),
        "--",
        ".",
        f":(exclude){RUNS}",
    )
    return [name for name in names.decode("utf-8", "surrogateescape").split("\0") if name]


def _write_tree(location: Location) -> str:
    """Write the working tree as a tree object, on a copy of the index, so that no branch, file or index changes."""
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        index = Path(folder) / "index"
        if (location.git_dir / "index").is_file():
            shutil.copyfile(location.git_dir / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        command.output(location.root, "add", "--all", "--", ".", f":(exclude){RUNS}", env=env)
        return command.output(location.root, "write-tree", env=env).decode().strip()


def keep_snapshot(location: Location, run_id: str, commit: str) -> None:
    """Create a ref for a snapshot, named after its run, so that git keeps it."""
    command.output(location.root, "update-ref", f"{SNAPSHOTS}/{run_id}", commit)


def forget_snapshot(location: Location, run_id: str) -> None:
    """Delete the ref of a snapshot, if there is one."""
    command.output(location.root, "update-ref", "-d", f"{SNAPSHOTS}/{run_id}")
