"""The state of the working tree: its commit, its branch, and what is not committed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.layout import RECORDED, RUNS, is_recorded
from qanat.git import command
from qanat.git.location import Location

_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}

_COMMIT = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
# Otherwise git would lock the index to refresh it, and a command that the user runs meanwhile would fail.
_NO_LOCK = {"GIT_OPTIONAL_LOCKS": "0"}
_LITERALLY = {**_NO_LOCK, "GIT_LITERAL_PATHSPECS": "1"}


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs from the last commit: git's two letters (`??` untracked, `UU` in conflict) and its path.

    `in_submodule` marks a submodule with uncommitted changes inside.
    """

    letters: str
    path: str
    in_submodule: bool = False

    @property
    def in_conflict(self) -> bool:
        """Whether a merge left the file in conflict."""
        return "U" in self.letters or self.letters in ("AA", "DD")


@dataclass(frozen=True, slots=True)
class WorkTree:
    """What `git status` reports: `commit` is None before the first one, `branch` is None on a detached HEAD."""

    commit: str | None
    branch: str | None
    changes: tuple[Change, ...]
    operation: str | None


def status(location: Location) -> WorkTree:
    """Ask git what is checked out and what differs from it, run records aside. Raises GitRefused."""
    printed = command.output(
        location.root,
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=none",
        "--",
        ":(top)",
        # Among thousands of records, git would take longer for them than for everything else.
        *(f":(top,exclude){folder}" for folder in RECORDED),
        env=_NO_LOCK | {"GIT_LITERAL_PATHSPECS": "0"},
    )
    commit: str | None = None
    branch: str | None = None
    changes = []
    fields = iter(printed.decode("utf-8", "surrogateescape").split("\0"))
    for line in fields:
        if line.startswith("# branch.oid "):
            commit = None if line.endswith("(initial)") else line[13:]
        elif line.startswith("# branch.head "):
            branch = None if line.endswith("(detached)") else line[14:]
        elif line and line[0] in "12u?":
            changes.append(_change(line))
            if line[0] == "2":
                next(fields)
    kept = tuple(c for c in changes if not is_recorded(c.path))
    return WorkTree(commit, branch, kept, operation(location.git_dir))


def _change(line: str) -> Change:
    """Parse one line of porcelain v2, section "Changed Tracked Entries" of git-status(1)."""
    if line[0] == "?":
        return Change("??", line[2:])
    fields_before_path = {"1": 8, "2": 9, "u": 10}[line[0]]
    parts = line.split(" ", fields_before_path)
    # The submodule's state is N... for a plain file, or S followed by C, M, U or dots for a submodule.
    return Change(parts[1].replace(".", " "), parts[-1], any(mark in parts[2][1:] for mark in "MU"))


def operation(git_dir: Path) -> str | None:
    """Return the name of the merge, rebase or similar operation in progress; None if there is none."""
    top = f"{git_dir}/"
    if found := next((name for file, name in _OPERATIONS.items() if os.path.exists(top + file)), None):  # noqa: PTH110
        return found
    try:
        # Between two commits of several, there is no other file.
        todo = (git_dir / "sequencer/todo").read_bytes()
    except OSError:
        return None
    return "revert" if todo.startswith(b"revert") else "cherry-pick"


def middle_of(operation: str) -> str:
    """Return where a repository is during an operation, for messages: `in the middle of a merge`."""
    return "in the middle of an am session" if operation == "am" else f"in the middle of a {operation}"


def checked_out(location: Location) -> str | None:
    """Return the name of the branch that is checked out, without asking git; None on a detached HEAD."""
    head = (location.git_dir / "HEAD").read_text().strip()
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def uncommitted_records(location: Location) -> list[Change]:
    """List the run records in the working tree that HEAD does not have, or has in another version."""
    return uncommitted(location, RUNS)


@contextmanager
def finding_uncommitted(location: Location) -> Iterator[Callable[[], list[Change]]]:
    """Let git look for uncommitted records meanwhile, and yield what waits for their list."""
    with command.printing(location.root, *_uncommitted_in(RUNS), env=_LITERALLY) as printed:
        yield lambda: _changes(printed())


def uncommitted(location: Location, folder: str) -> list[Change]:
    """List the files below a folder that HEAD does not have, or has in another version."""
    return _changes(command.output(location.root, *_uncommitted_in(folder), env=_LITERALLY))


def _uncommitted_in(folder: str) -> tuple[str, ...]:
    return ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", folder)


def _changes(printed: bytes) -> list[Change]:
    fields = printed.decode("utf-8", "surrogateescape").split("\0")
    return [Change(field[:2], field[3:]) for field in fields if field]


def untracked(location: Location, left_out: Sequence[str] = ()) -> list[str]:
    """List the files that git neither tracks nor ignores; a repository inside this one is listed with a slash.

    The folders that are left out are not looked into; their paths end with a slash.
    """
    patterns = [f"--exclude=/{_literally(folder)}" for folder in left_out]
    return _others(location, *patterns)


def untracked_among(location: Location, paths: Sequence[str]) -> list[str]:
    """List those of these files that git neither tracks nor ignores."""
    return _others(location, "--", *(f":(top,literal){path}" for path in paths)) if paths else []


def _literally(path: str) -> str:
    """Return the pattern that matches a path and no other."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def untracked_folders(location: Location) -> list[str]:
    """List the topmost folders, with a slash, in which git tracks nothing and does not ignore everything."""
    return [path for path in _others(location, "--directory", "--no-empty-directory") if path.endswith("/")]


def _others(location: Location, *options: str) -> list[str]:
    printed = command.output(location.root, "ls-files", "--others", "--exclude-standard", "-z", *options)
    return [path for path in printed.decode("utf-8", "surrogateescape").split("\0") if path]


def others(location: Location) -> list[Path]:
    """List the roots of the other working trees of the repository."""
    listed = command.output(location.root, "worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    roots = [Path(field[9:]) for field in listed.split("\0") if field.startswith("worktree ")]
    return [root for root in roots if root != location.root]


def is_tracked(location: Location, path: str) -> bool:
    """Return whether the index has a path, or anything below it."""
    literally = {"GIT_LITERAL_PATHSPECS": "1"}
    return bool(command.output(location.root, "ls-files", "-z", "--", path, env=literally))


def tracked_with(location: Location, suffixes: Sequence[str], texts: Sequence[bytes]) -> list[str]:
    """List the tracked files with one of these suffixes, in any case, that have one of these texts as they are now."""
    patterns = (part for text in texts for part in ("-e", text.decode()))
    among = (f":(top,icase)*{suffix}" for suffix in suffixes)
    options = ("-l", "-z", "-a", "-F", "--no-color", "--no-recurse-submodules", "--no-textconv")
    done = command.call(location.root, "grep", *options, *patterns, "--", *among)
    # Without such a file, it fails.
    return [path for path in done.out.decode("utf-8", "surrogateescape").split("\0") if path]


def head(location: Location) -> str | None:
    """Return the id of the commit that is checked out; None before the first one."""
    with contextlib.suppress(OSError):
        # Mostly two files say it, and git need not be started.
        said = (location.git_dir / "HEAD").read_text(errors="replace").strip()
        if said.startswith("ref: refs/heads/"):
            said = (location.common_dir / said.removeprefix("ref: ")).read_text(errors="replace").strip()
        if _COMMIT.fullmatch(said):
            return said
    done = command.call(location.root, "rev-parse", "--verify", "--quiet", "HEAD")
    return done.out.decode().strip() or None


def ignored(location: Location, paths: Sequence[str]) -> list[str]:
    """Return the paths among these (relative to the root) that git ignores."""
    done = command.call(location.root, "check-ignore", "-z", "--stdin", stdin="".join(f"{p}\0" for p in paths).encode())
    if done.status > 1 and len(paths) > 1:  # a single path in a submodule or behind a link makes git reject all
        return [path for each in paths for path in ignored(location, [each])]
    return [path for path in done.out.decode().split("\0") if path]
