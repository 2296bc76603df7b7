"""Copies of records and comments as qanat last wrote them, in the repository's private folder.

They bring back what is lost before it is committed, and tell what a person changed in a record from what qanat wrote,
as long as git does not have it. There are two of each: a copy is kept before the file is written, and a kill in between
leaves the file as in the earlier one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid, write_failed
from qanat.system import files

FOLDER = "written"
COMMENT = ".md"
_RECORD = ".yaml"
KEPT_MAX = 1_000


def name_of(path: str) -> str:
    """Return the name under which a record or comment is kept: the run's id, with the ending of a comment."""
    return PurePosixPath(path).name.removesuffix(_RECORD)


def file_of(private: Path, name: str) -> Path:
    """Return the file with the newest copy of a record or comment."""
    return private / FOLDER / (name if name.endswith(COMMENT) else f"{name}{_RECORD}")


def keep(private: Path, name: str, data: bytes, sharing: Sharing = UNSHARED) -> None:
    """Keep a copy of a record or comment that is about to be written. Raises WriteFailed."""
    newest = file_of(private, name)
    try:
        newest.replace(_earlier(newest))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise write_failed(newest, error) from None
    files.write(newest, data, sharing=sharing)


def copies(private: Path, name: str) -> list[bytes]:
    """Return the copies of a record or comment, the newest first; a power failure may have cut one short: empty."""
    newest = file_of(private, name)
    found = []
    for path in (newest, _earlier(newest)):
        with contextlib.suppress(InputInvalid):
            found.append(files.read(path))
    return found


def forget(private: Path, run_id: str) -> None:
    """Remove the copies of a deleted run."""
    for newest in (file_of(private, run_id), file_of(private, f"{run_id}{COMMENT}")):
        for path in (newest, _earlier(newest)):
            with contextlib.suppress(OSError):
                path.unlink()


def prune(private: Path, wanted: Collection[str] = ()) -> None:
    """Remove the oldest copies if there are too many, except `wanted`, by their names, which git does not have yet."""
    kept = {path.name for name in wanted for path in (file_of(private, name), _earlier(file_of(private, name)))}
    with contextlib.suppress(OSError), os.scandir(private / FOLDER) as entries:
        by_age = sorted(entries, key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
        for entry in (entry for entry in by_age[:-KEPT_MAX] if entry.name not in kept):
            with contextlib.suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108  # an entry has no unlink


def _earlier(newest: Path) -> Path:
    return newest.with_name(f"{newest.name.removesuffix(_RECORD)}.old")
