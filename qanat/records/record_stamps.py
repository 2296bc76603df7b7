"""Finding the record files of a project, each with a stamp that changes when the file does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.system.files import TEMPORARY


def stamps(root: Path) -> Iterator[tuple[str, str]]:
    """Give path and stamp of every record; links, temporary files and names that are no text are passed over."""
    base = str(root)
    for experiment in _folders(f"{base}/{RUNS}"):
        for folder in _folders(experiment.path):
            with os.scandir(folder.path) as entries:
                for entry in entries:
                    if entry.name.endswith(".yaml") and entry.is_file(follow_symlinks=False) and _is_text(entry.path):
                        s = entry.stat(follow_symlinks=False)
                        yield (
                            entry.path[len(base) + 1 :],
                            f"{s.st_mtime_ns} {s.st_ctime_ns} {s.st_size} {s.st_ino}",
                        )
                    elif entry.name.endswith(TEMPORARY):
                        _drop_if_stale(entry)


def _is_text(path: str) -> bool:
    """Tell whether a path can be written in UTF-8, as all of a record must be."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folders(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _drop_if_stale(entry: os.DirEntry[str]) -> None:
    """Remove a temporary file that a killed process left an hour ago or longer."""
    import time

    try:
        if entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_mtime > 3600:
            Path(entry.path).unlink(missing_ok=True)
    except OSError:
        return
