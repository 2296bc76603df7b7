"""Finding a project's record files, each with a stamp that changes when the file does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.system.files import TEMPORARY

# The name that files.write() gives to an incomplete record or comment.
_TEMPORARY = re.compile(rf"\.[0-9]+-[0-9a-f]{{6}}\.(yaml|md)\.[0-9]+{re.escape(TEMPORARY)}")


def stamps(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and stamp of every record; links, temporary files and names that are not text are left out.

    So are files and folders that are deleted meanwhile. A folder that this user may not read is yielded itself.
    """
    base = str(root)
    for experiment in _folders(f"{base}/{RUNS}"):
        for folder in [experiment] if _is_hidden(experiment) else _folders(experiment.path):
            if _is_hidden(folder):
                yield folder.path[len(base) + 1 :], "hidden"
                continue
            for entry in _entries(folder.path):
                if entry.name.endswith(".yaml") and entry.is_file(follow_symlinks=False) and _is_text(entry.path):
                    if stamp := _stamp(entry):
                        yield entry.path[len(base) + 1 :], stamp
                elif _TEMPORARY.fullmatch(entry.name):
                    _drop_if_stale(entry)


def _stamp(entry: os.DirEntry[str]) -> str:
    """Return a text that changes when the file does; empty if the file is gone."""
    try:
        s = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return ""
    except PermissionError:
        return "hidden"
    return f"{s.st_mtime_ns} {s.st_ctime_ns} {s.st_size} {s.st_ino}"


def _is_hidden(folder: os.DirEntry[str]) -> bool:
    return not os.access(folder.path, os.R_OK) and os.path.lexists(folder.path)


def _is_text(path: str) -> bool:
    """Return whether a path can be encoded as UTF-8, as everything in a record must be."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folders(path: str) -> list[os.DirEntry[str]]:
    return [e for e in _entries(path) if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _drop_if_stale(entry: os.DirEntry[str]) -> None:
    """Remove a temporary file that a killed process left at least an hour ago."""
    import time

    try:
        found = entry.stat(follow_symlinks=False)
        if (
            entry.is_file(follow_symlinks=False)
            and found.st_uid == os.geteuid()
            and time.time() - found.st_mtime > 3600
        ):
            Path(entry.path).unlink()
    except OSError:
        return
