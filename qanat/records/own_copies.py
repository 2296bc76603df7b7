"""Copies of records as qanat last wrote them, in the repository's private folder.

They tell what a person changed in a record from what qanat wrote, as long as git does not have it. There are two of a
run: a copy is kept before the record is written, and a kill in between leaves the record as in the earlier one.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid, write_failed
from qanat.system import files

FOLDER = "written"
KEPT_MAX = 1_000


def file_of(private: Path, run_id: str) -> Path:
    """Return the file with the newest copy of a run's record."""
    return private / FOLDER / f"{run_id}.yaml"


def keep(private: Path, run_id: str, data: bytes, sharing: Sharing = UNSHARED) -> None:
    """Keep a copy of a record that is about to be written. Raises WriteFailed."""
    newest = file_of(private, run_id)
    try:
        newest.replace(_earlier(newest))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise write_failed(newest, error) from None
    files.write(newest, data, sharing=sharing)


def copies(private: Path, run_id: str) -> list[bytes]:
    """Return the copies of a run's record, the newest first; an empty one was cut short by a power failure."""
    newest = file_of(private, run_id)
    found = []
    for path in (newest, _earlier(newest)):
        with contextlib.suppress(InputInvalid):
            found.append(files.read(path))
    return found


def forget(private: Path, run_id: str) -> None:
    """Remove the copies of a deleted run."""
    newest = file_of(private, run_id)
    for path in (newest, _earlier(newest)):
        with contextlib.suppress(OSError):
            path.unlink()


def prune(private: Path) -> None:
    """Remove the oldest copies if there are too many; git has had time to get what they contain."""
    with contextlib.suppress(OSError), os.scandir(private / FOLDER) as entries:
        by_age = sorted(entries, key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
        for entry in by_age[:-KEPT_MAX]:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108  # an entry has no unlink


def _earlier(newest: Path) -> Path:
    return newest.with_suffix(".old")
