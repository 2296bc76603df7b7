"""SHA-256 of files of data by their stamps, so that files that have not changed are not read again.

They are in the private folder, where no clone brings them, and each user has their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid, WriteFailed
from qanat.records.record_stamps import is_settled
from qanat.system import files

FOLDER = "data"
_DIGITS = 64
_FORM = "file hashes, version 1"
_BYTES_MAX = 2**30
KEPT_MAX = 50


def stamp_of(found: os.stat_result) -> str:
    """Return a text that changes when the file does."""
    return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size} {found.st_ino}"


class FileHashes:
    """What is known of the files below a path, `top`; `known` maps their relative paths to `DIGEST STAMP`."""

    def __init__(self, private: Path, top: str, sharing: Sharing = UNSHARED) -> None:
        name = hashlib.sha256(os.fsencode(top), usedforsecurity=False).hexdigest()[:16]
        self._file = private / FOLDER / f"{os.geteuid()}-{name}"
        self._head = f"{_FORM}\n{top}"
        self._sharing = sharing
        self._known = self._read()

    def digest(self, path: str, stamp: str) -> str:
        """Return the SHA-256 of a file that has this stamp; empty if it is unknown."""
        known = self._known.get(path, "")
        return known[:_DIGITS] if known[_DIGITS + 1 :] == stamp else ""

    def replace(self, digests: Mapping[str, str], stamps: Mapping[str, str]) -> None:
        """Store the SHA-256 of these files in place of all that was known, if anything changes.

        What a file without settled times has may change again under the same stamp, so it is left out.
        """
        now_ns = time.time_ns()
        new = {p: f"{d} {stamps[p]}" for p, d in digests.items() if self._is_known(p, d, stamps[p], now_ns)}
        if new == self._known:
            return
        parts = [self._head, *(part for pair in new.items() for part in pair)]
        with contextlib.suppress(WriteFailed):  # the next look reads the files again
            files.write(self._file, "\0".join(parts).encode("utf-8", "surrogateescape"), sharing=self._sharing)
            self._prune()

    def _is_known(self, path: str, digest: str, stamp: str, now_ns: int) -> bool:
        return self._known.get(path) == f"{digest} {stamp}" or is_settled(stamp, now_ns)

    def _prune(self) -> None:
        """Remove the oldest of this user's files, such as those of checkouts that are gone."""
        with contextlib.suppress(OSError), os.scandir(self._file.parent) as entries:
            own = [entry for entry in entries if entry.name.startswith(f"{os.geteuid()}-")]
            by_age = sorted(own, key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
            for entry in by_age[:-KEPT_MAX]:
                os.unlink(entry.path)  # noqa: PTH108  # an entry has no unlink

    def _read(self) -> dict[str, str]:
        """Return what is known; nothing if the file is missing, of another form, or not this user's."""
        try:
            found = self._file.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
                return {}
            data = files.read(self._file, limit_bytes=_BYTES_MAX)
        except (OSError, InputInvalid):
            return {}
        head, *parts = data.decode("utf-8", "surrogateescape").split("\0")
        return dict(zip(parts[::2], parts[1::2], strict=False)) if head == self._head else {}
