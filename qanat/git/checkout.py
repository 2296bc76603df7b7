"""Checkouts: the files of one commit in a folder of their own, made by git itself.

`git worktree add` applies filters (LFS), sparse settings and line endings as the user's own checkout does.
Submodules are filled from the repository's own copies where it has them, so that nothing is fetched.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location

# A user's hooks are for the user's own work tree.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


def resolve(location: Location, revision: str) -> str:
    """Give the full id of the commit that a revision means: a short id, tag, branch~2, … Raises GitRefused."""
    done = command.call(location.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.status != 0:
        raise GitRefused(f"{revision!r} is no commit of this repository", hint="see which there are: git log --oneline")
    return done.out.decode().strip()


def has_commit(location: Location, commit: str) -> bool:
    """Tell whether the repository has a commit."""
    return command.call(location.root, "cat-file", "-e", f"{commit}^{{commit}}").status == 0


def make(location: Location, commit: str, folder: Path) -> None:
    """Check a commit out into a new folder, submodules included. Raises GitRefused."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command.output(location.root, *_NO_HOOKS, "worktree", "add", "--force", "--detach", str(folder), commit)
    if (folder / ".gitmodules").is_file():
        _fill_submodules(location, folder)


def is_untouched(folder: Path) -> bool:
    """Tell whether a checkout has exactly the files of its commit, ignored ones not excepted."""
    done = command.call(
        folder, "status", "--porcelain", "--ignored", "--untracked-files=all", "--ignore-submodules=none"
    )
    return done.status == 0 and not done.out


def remove(location: Location, folder: Path) -> None:
    """Remove a checkout and git's note of it."""
    command.call(location.root, "worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    command.call(location.root, "worktree", "prune")


def tracked_at(location: Location, commit: str, path: str) -> bool:
    """Tell whether a path (file or folder, from the root) is tracked in a commit."""
    return bool(command.output(location.root, "ls-tree", "-z", commit, "--", path.rstrip("/")))


def _fill_submodules(location: Location, folder: Path) -> None:
    listed = command.call(folder, "config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    local: list[str] = []
    for line in listed.out.decode("utf-8", "replace").splitlines():
        name = line.split(" ", 1)[0].removeprefix("submodule.").removesuffix(".path")
        if (copy := location.common_dir / "modules" / name).is_dir():
            local += ["-c", f"submodule.{name}.url={copy}"]
    # A path of this very repository is what git's ban on file URLs for submodules does not aim at.
    allowed = ["-c", "protocol.file.allow=always"] if local else []
    done = command.call(folder, *_NO_HOOKS, *allowed, *local, "submodule", "update", "--init", "--recursive", "--quiet")
    if done.status != 0:
        raise GitRefused(
            f"the submodules of {folder.name[:10]} could not be checked out: {done.first_error}",
            hint="git submodule update --init --recursive",
        )
