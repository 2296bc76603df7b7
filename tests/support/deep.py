"""Folders that nobody can read, not even root: their paths are longer than the system accepts."""

from __future__ import annotations

import os
from pathlib import Path

_NAME = "d" * 200


def too_deep(folder: Path) -> str:
    """Make folders inside each other below a directory; return the first that cannot be read, by its path in it."""
    place = os.open(folder, os.O_RDONLY)
    depth, limit = 0, os.pathconf(folder, "PC_PATH_MAX")
    while (depth - 1) * (len(_NAME) + 1) < limit:
        os.mkdir(_NAME, dir_fd=place)
        inner = os.open(_NAME, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place, depth = inner, depth + 1
    os.close(place)
    top = len(str(folder.resolve()))
    within = next(n for n in range(1, depth + 1) if top + n * (len(_NAME) + 1) >= limit)
    return "/".join([_NAME] * within)
