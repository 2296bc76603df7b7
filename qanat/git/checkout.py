"""Checkouts: the files of one commit in a folder of their own, created by git itself.

`git worktree add` applies filters (LFS), sparse settings and line endings as in the user's own checkout.
Submodules are filled from the repository's own copies where there are any, so that nothing is fetched.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from qanat.domain.layout import STATE
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused, ProjectNotFound
from qanat.git import command, content
from qanat.git.head_size import FILES_MAX
from qanat.git.location import Location, find

# The user's hooks are meant for the user's own working tree.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_WOULD_REMOVE = ("clean", "-ndxff")


def resolve(location: Location, revision: str) -> str:
    """Return the full id of the commit that a revision names (a short id, tag, branch~2, …). Raises GitRefused."""
    refused = GitRefused(
        f"{quoted(revision)} is not a commit of this repository", hint="list commits with: git log --oneline"
    )
    found = revision
    # The second pass peels a tag to its commit; `:/text` would take ^{commit} as part of the text.
    for suffix in ("", "^{commit}"):
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{found}{suffix}")
        done = command.call(location.root, *arguments)
        if done.status != 0:
            raise refused
        found = done.out.decode().strip()
    return found


def has_commit(location: Location, commit: str) -> bool:
    """Return whether the repository has this commit."""
    return command.call(location.root, "cat-file", "-e", f"{commit}^{{commit}}").status == 0


def create(location: Location, commit: str, folder: Path) -> None:
    """Check out a commit into an empty folder, submodules included. Raises GitRefused; files may be left then."""
    if (all_of_it := content.at(location, commit, "")) and all_of_it.files > FILES_MAX:
        raise GitRefused(f"commit {commit[:10]} has more than {FILES_MAX:,} files")
    command.output(location.root, *_NO_HOOKS, "worktree", "add", "--force", "--detach", str(folder), commit)
    _fill_submodules(folder, location.root, [location.git_dir / "modules", location.common_dir / "modules"])


def commit_of(folder: Path) -> str | None:
    """Return the commit checked out in a folder; None if it is not a checkout or is on a branch."""
    try:
        found = find(folder)
        head = (found.git_dir / "HEAD").read_text().strip() if found and found.root == folder else ""
    except (OSError, ProjectNotFound):
        return None
    return head if re.fullmatch(r"[0-9a-f]{40,64}", head) else None


def is_untouched(folder: Path, commit: str) -> bool:
    """Return whether a checkout has exactly the files of a commit, counting ignored files and empty folders."""
    done = command.call(
        folder,
        "status",
        "--porcelain=v2",
        "--branch",
        "--ignored",
        "--untracked-files=all",
        "--ignore-submodules=none",
    )
    lines = done.out.splitlines()
    if f"# branch.oid {commit}".encode() not in lines or any(not line.startswith(b"# ") for line in lines):
        return False
    # git status does not report empty folders, nor ignored files in submodules.
    if command.call(folder, *_WOULD_REMOVE).out:
        return False
    return not (folder / ".gitmodules").is_file() or _has_untouched_submodules(folder)


def _has_untouched_submodules(folder: Path) -> bool:
    # A line begins with a space unless the submodule is missing, at another commit, or in conflict.
    states = command.call(folder, "submodule", "status", "--recursive")
    if states.status != 0 or any(not line.startswith(b" ") for line in states.out.splitlines()):
        return False
    clean = " ".join(("git", *_WOULD_REMOVE))
    return not command.call(folder, "submodule", "--quiet", "foreach", "--recursive", clean).out


def code_in(folder: Path) -> list[str]:
    """List the files of a checkout, those of its submodules included, without what is recorded."""
    listed = map(os.fsdecode, command.output(folder, "ls-files", "-z", "--recurse-submodules").split(b"\0"))
    return [name for name in listed if name and not name.startswith(f"{STATE}/")]


def is_registered(location: Location, folder: Path) -> bool:
    """Return whether git itself made a folder a working tree of this repository."""
    for entry in location.common_dir.glob("worktrees/*/gitdir"):
        with contextlib.suppress(OSError):
            if entry.read_text(errors="replace").rstrip("\n") == f"{folder}/.git":
                return True
    return False


def forget(location: Location, folder: Path) -> None:
    """Remove the entry of a checkout, whose folder is gone, in `git worktree list`."""
    command.call(location.root, "worktree", "remove", "--force", "--force", str(folder))


def is_tracked(location: Location, commit: str, path: str) -> bool:
    """Return whether a commit tracks a path (file or folder, relative to the root)."""
    return bool(command.output(location.root, "ls-tree", "-z", commit, "--", path.rstrip("/")))


def _fill_submodules(folder: Path, project: Path, stores: Sequence[Path]) -> None:
    """Check out a folder's submodules, recursively, from copies in the project or in one of these stores."""
    if not (folder / ".gitmodules").is_file():
        return
    found = _submodules(folder)
    local: list[str] = []
    for name, path in found.items():
        copies = [*(store / name for store in stores), project / path / ".git"]
        local += next((["-c", f"submodule.{name}.url={copy}"] for copy in copies if copy.is_dir()), [])
    # git's ban on file URLs for submodules is not meant for a path inside this very repository.
    allowed = ["-c", "protocol.file.allow=always"] if local else []
    done = command.call(folder, *_NO_HOOKS, *allowed, *local, "submodule", "update", "--init", "--quiet")
    if done.status != 0:
        raise GitRefused(
            f"the submodules of {folder.name[:10]} could not be checked out: {done.first_error}",
            hint="git submodule update --init --recursive",
        )
    for name, path in found.items():
        inner = [*(store / name / "modules" for store in stores), project / path / ".git" / "modules"]
        _fill_submodules(folder / path, project / path, inner)


def _submodules(folder: Path) -> dict[str, str]:
    """Map the name of every submodule to its path."""
    wanted = r"^submodule\..*\.path$"
    listed = command.call(folder, "config", "--file", ".gitmodules", "--null", "--get-regexp", wanted)
    pairs = (entry.partition("\n") for entry in listed.out.decode("utf-8", "replace").split("\0") if entry)
    return {key.removeprefix("submodule.").removesuffix(".path"): path for key, _, path in pairs}
