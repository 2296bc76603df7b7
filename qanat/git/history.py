"""Questions about earlier commits."""

from __future__ import annotations

from qanat.git import command
from qanat.git.location import Location


def was_tracked(location: Location, path: str) -> bool:
    """Return whether any ancestor of HEAD had this file."""
    done = command.call(location.root, "log", "-1", "--format=%H", "HEAD", "--", path)
    return done.status == 0 and bool(done.out.strip())


def diff(location: Location, commit: str, path: str) -> str:
    """Return the diff of a file between a commit and the working tree; empty if equal or if there is no such commit."""
    done = command.call(location.root, "diff", "--no-color", "--no-ext-diff", commit, "--", path)
    return done.out.decode("utf-8", "replace") if done.status == 0 else ""


def deleted_files(location: Location, folder: str) -> list[str]:
    """List the files below a folder that an ancestor of HEAD deleted."""
    arguments = ("log", "--diff-filter=D", "--no-renames", "--name-only", "--format=", "-z", "HEAD", "--", folder)
    done = command.call(location.root, *arguments)
    return [path.strip("\n") for path in done.out.decode("utf-8", "replace").split("\0") if path.strip("\n")]


def messages(location: Location, base: str | None, head: str) -> str:
    """Return the messages of the commits in head that are not in base; empty if there are none."""
    revisions = (f"{base}..{head}",) if base else (head,)
    done = command.call(location.root, "log", "--format=%B", *revisions, "--")
    return done.out.decode("utf-8", "replace") if done.status == 0 else ""


def merge_base(location: Location, one: str, other: str) -> str | None:
    """Return the merge base of two commits; None if they have no ancestor in common."""
    done = command.call(location.root, "merge-base", one, other)
    return done.out.decode().strip() if done.status == 0 else None
