"""Files that git has and the working tree has not, and the command that brings them back."""

from __future__ import annotations

import shlex
from pathlib import Path

from qanat.git import command
from qanat.git.location import Location


def how_to_restore(location: Location, path: str) -> str:
    """Return the command that brings back a path that HEAD or the index has; empty if neither has it."""
    in_index = command.call(location.root, "ls-files", "-t", "-z", "--", path).out
    in_head = command.call(location.root, "ls-tree", "-z", "--name-only", "HEAD", "--", path).out
    git = "git" if Path.cwd() == location.root else f"git -C {shlex.quote(str(location.root))}"
    quoted = shlex.quote(path)
    # S: git leaves the file out of the working tree because of a sparse checkout.
    if in_index.startswith(b"S "):
        return f"{git} sparse-checkout add {quoted}"
    if in_head:
        return f"{git} checkout HEAD -- {quoted}"
    return f"{git} checkout -- {quoted}" if in_index else ""
