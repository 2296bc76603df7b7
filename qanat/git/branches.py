"""What branches contain, asked about many files at once."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from qanat.git import command
from qanat.git.location import Location


def tips_and_blobs(
    location: Location, files: Collection[tuple[str, str]]
) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return the commit of each branch, and the blob of each pair of a branch and a path; without those missing."""
    branches = sorted({branch for branch, _ in files})
    wanted = [f"refs/heads/{b}^{{commit}}" for b in branches] + [f"refs/heads/{b}:{p}" for b, p in files]
    answers = command.output(
        location.root, "cat-file", "--batch-check", stdin="".join(f"{w}\n" for w in wanted).encode()
    ).splitlines()
    found = [a.split()[0].decode() if a.split()[1:2] in ([b"commit"], [b"blob"]) else "" for a in answers]
    tips = {branch: commit for branch, commit in zip(branches, found, strict=False) if commit}
    return tips, {pair: blob for pair, blob in zip(files, found[len(branches) :], strict=True) if blob}


def is_ancestor(location: Location, commit: str, tip: str) -> bool:
    """Return whether a commit is in the history of another; False if the repository does not have it."""
    return command.call(location.root, "merge-base", "--is-ancestor", commit, tip).status == 0


def any_contains(location: Location, commit: str) -> bool:
    """Return whether any branch, here or of a remote, has a commit in its history."""
    words = ("for-each-ref", "--count=1", f"--contains={commit}", "--format=%(refname)", "refs/heads", "refs/remotes")
    return bool(command.call(location.root, *words).out.strip())


def messages(location: Location, tip: str, line: str) -> str:
    """Return the messages in the history of a commit that have a line which starts with this text."""
    done = command.call(location.root, "log", "--format=%B", f"--grep=^{line}", tip, "--")
    return done.out.decode("utf-8", "replace")


def being_rebased(location: Location) -> set[str]:
    """Return the branches that a rebase in any working tree will move, or move back, when it ends."""
    found = set()
    places = [location.common_dir, location.git_dir]
    with contextlib.suppress(OSError):
        places += (location.common_dir / "worktrees").iterdir()
    for place in places:
        for folder in ("rebase-merge", "rebase-apply"):
            with contextlib.suppress(OSError):
                found.add(_short(place / folder / "head-name"))
    return found


def stashed(location: Location, folder: str) -> set[tuple[str, str]]:
    """Return the paths and blobs of the files below a folder that `git stash` has put away."""
    found: set[tuple[str, str]] = set()
    for stash in command.call(location.root, "stash", "list", "--format=%H").out.decode().split():
        # The third parent has the untracked files, if `git stash -u` took any.
        found |= _changed(location, folder, f"{stash}^1", stash) | _changed(location, folder, "--root", f"{stash}^3")
    return found


def _changed(location: Location, folder: str, *compared: str) -> set[tuple[str, str]]:
    """Return the paths and blobs of the files that a commit changes; nothing if there is no such commit."""
    words = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--no-commit-id", *compared, "--", folder)
    fields = iter(command.call(location.root, *words).out.decode("utf-8", "surrogateescape").split("\0"))
    return {(path, facts.split()[3]) for facts, path in zip(fields, fields, strict=False)}


def _short(file: Path) -> str:
    return file.read_text(errors="replace").strip().removeprefix("refs/heads/")
