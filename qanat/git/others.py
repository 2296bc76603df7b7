"""What the user's own git is doing: commands that are about to move the branch that is checked out.

`git commit` notes the tip of its branch when it starts, and fails ("cannot lock ref 'HEAD'") if the branch has moved
when its editor or its hooks are done; a rebase that starts can drop what is committed meanwhile. No file says reliably
that one is running: index.lock is missing for a plain `git commit`, and COMMIT_EDITMSG stays. Its process does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from qanat.errors import ProjectNotFound
from qanat.git.location import Location, find
from qanat.system import processes

WAIT_S = 5.0
_MOVING = frozenset({"commit", "merge", "rebase", "pull", "cherry-pick", "revert", "am"})
# Options of git itself that are followed by a value of their own.
_WITH_VALUE = frozenset({"-c", "-C", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"})


def moving(location: Location) -> dict[int, str]:
    """Map the numbers of processes that are about to move the branch to what they are, such as `git commit`."""
    found = {}
    for process in processes.working_in(location.root):
        name = subcommand(process.arguments)
        if name in _MOVING and _is_in(location, process.folder):
            found[process.pid] = f"git {name}"
    return found


def outlasting(location: Location) -> str | None:
    """Wait, for a while, for the commands that are about to move the branch; return one that takes longer, or None.

    One that waits for this process itself, having started it as a hook, takes longer in any case.
    """
    first = moving(location)
    if first and first.keys() & set(processes.ancestors()):
        return next(iter(first.values()))
    deadline, pause_s = time.monotonic() + WAIT_S, 0.02
    while first and time.monotonic() < deadline:
        time.sleep(pause_s)
        pause_s = min(0.2, pause_s * 1.5)
        # Commands that start meanwhile are not waited for: there might always be another.
        now = moving(location)
        first = {pid: name for pid, name in first.items() if pid in now}
    return next(iter(first.values()), None)


def subcommand(words: Sequence[str]) -> str:
    """Return git's subcommand on a command line; empty if it is not git's, or has none."""
    if not words or Path(words[0]).name != "git":
        return ""
    rest = iter(words[1:])
    for word in rest:
        if not word.startswith("-"):
            return word
        if word in _WITH_VALUE:
            next(rest, None)
    return ""


def _is_in(location: Location, folder: Path) -> bool:
    """Return whether a folder is in this working tree, and not in another one inside it, such as a checkout."""
    try:
        found = find(folder)
    except ProjectNotFound:
        return False
    return found is not None and found.git_dir.resolve() == location.git_dir.resolve()
