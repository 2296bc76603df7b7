"""Making the code of a dirty tree nameable: committing it, or taking a snapshot beside the branch."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.git import command
from qanat.git.location import Location

SNAPSHOTS = "refs/qanat/snapshots"


def commit_everything(location: Location, message: str) -> str:
    """Commit all that is not ignored, as `git add --all` and `git commit` do, hooks included; give the commit's id."""
    command.output(location.root, "add", "--all", "--", ".", f":(exclude){RUNS}")
    command.output(location.root, "commit", "--quiet", "--message", message)
    return command.output(location.root, "rev-parse", "HEAD").decode().strip()


def take_snapshot(location: Location, head: str, message: str) -> str:
    """Commit the dirty tree (tracked and untracked, not ignored) to no branch; give the commit's id.

    keep_snapshot() gives it a name, without which git would remove it some day.
    """
    tree = _tree_now(location)
    commit = command.output(location.root, "commit-tree", tree, "-p", head, stdin=message.encode())
    return commit.decode().strip()


def changed_since(location: Location, commit: str) -> list[str]:
    """List the files of a commit that are different, or gone, in the work tree; run records do not count."""
    names = command.output(
        location.root,
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--diff-filter=MDT",
        commit,
        _tree_now(location),
        "--",
        ".",
        f":(exclude){RUNS}",
    )
    return [name for name in names.decode("utf-8", "surrogateescape").split("\0") if name]


def _tree_now(location: Location) -> str:
    """Write the work tree as a tree, on a copy of the index: no branch, no file, not the index itself changes."""
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        index = Path(folder) / "index"
        if (location.git_dir / "index").is_file():
            shutil.copyfile(location.git_dir / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        command.output(location.root, "add", "--all", "--", ".", f":(exclude){RUNS}", env=env)
        return command.output(location.root, "write-tree", env=env).decode().strip()


def keep_snapshot(location: Location, run_id: str, commit: str) -> None:
    """Name a snapshot after its run, so that git keeps it."""
    command.output(location.root, "update-ref", f"{SNAPSHOTS}/{run_id}", commit)
