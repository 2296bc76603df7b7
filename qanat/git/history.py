"""What was there before."""

from __future__ import annotations

from qanat.git import command
from qanat.git.location import Location


def existed(location: Location, path: str) -> bool:
    """Tell whether any commit that HEAD comes from had this file."""
    done = command.call(location.root, "log", "-1", "--format=%H", "HEAD", "--", path)
    return done.status == 0 and bool(done.out.strip())


def difference(location: Location, commit: str, path: str) -> str:
    """Give the difference of a file between a commit and the work tree; empty when there is none, or no such commit."""
    done = command.call(location.root, "diff", "--no-color", "--no-ext-diff", commit, "--", path)
    return done.out.decode("utf-8", "replace") if done.status == 0 else ""


def deleted(location: Location, folder: str) -> list[str]:
    """List the files below a folder that a commit which HEAD comes from has removed."""
    words = ("log", "--diff-filter=D", "--no-renames", "--name-only", "--format=", "-z", "HEAD", "--", folder)
    done = command.call(location.root, *words)
    return [path.strip("\n") for path in done.out.decode("utf-8", "replace").split("\0") if path.strip("\n")]


def messages(location: Location, base: str | None, head: str) -> str:
    """Give the messages of the commits that head has and base has not; empty when there is none."""
    words = (f"{base}..{head}",) if base else (head,)
    done = command.call(location.root, "log", "--format=%B", *words, "--")
    return done.out.decode("utf-8", "replace") if done.status == 0 else ""


def common(location: Location, one: str, other: str) -> str | None:
    """Give the commit at which two went different ways; None when they have none in common."""
    done = command.call(location.root, "merge-base", one, other)
    return done.out.decode().strip() if done.status == 0 else None
