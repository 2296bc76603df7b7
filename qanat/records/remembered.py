"""What was found out about interpreters and files, by their stamps, so that the next run need not find it out again.

A file that has just changed may change again and keep its stamp: of such a file, as in an environment that was made for
this run, the content counts as well, until it is old enough.
It is in the private folder, where no clone brings it, and each user has their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid, WriteFailed
from qanat.records.file_hashes import stamp_of
from qanat.records.record_stamps import is_settled
from qanat.system import files, hashing

T = TypeVar("T")
FORM = 1
KEPT_MAX = 64
_BYTES_MAX = 16 * 2**20
_CONTENT_BYTES_MAX = 256 * 2**20


def stamp_at(path: str) -> str:
    """Return a text that changes when what is at a path, or behind a link there, does; empty if nothing is there."""
    try:
        own = os.lstat(path)
        return f"{stamp_of(own)} {stamp_of(os.stat(path))}" if stat.S_ISLNK(own.st_mode) else stamp_of(own)  # noqa: PTH116
    except OSError:
        return ""


class Remembered:
    """Facts by name, each with the stamps of what it was read from, by paths, and digests of what was young then."""

    def __init__(self, private: Path, sharing: Sharing = UNSHARED) -> None:
        self._file = private / f"environment-{os.geteuid()}.json"
        self._sharing = sharing
        self._known = self._read()
        self._found_from: dict[str, dict[str, str]] = {}
        self._changed = False

    def get(self, name: str, stamps: Mapping[str, str]) -> Any:
        """Return a fact of which nothing has changed; None if there is none."""
        young = _young(stamps)
        known = self._known.get(name)
        if isinstance(known, list) and known[:1] == [dict(stamps)]:
            if len(known) == 2:
                return known[1]
            if len(known) == 3 and known[2] == _contents(known[2]):
                if not young:
                    self._known[name] = known[:2]
                    self._changed = True
                return known[1]
        self._found_from[name] = _contents(young)
        return None

    def found(self, name: str, stamps: Mapping[str, str], find: Callable[[], T]) -> T:
        """Return a fact, which is found out and remembered unless it is known."""
        known: T | None = self.get(name, stamps)
        if known is not None:
            return known
        fact = find()
        self.put(name, stamps, fact)
        return fact

    def put(self, name: str, stamps: Mapping[str, str], fact: Any) -> None:
        """Remember a fact that get() did not know, unless it was found in a folder that has just changed."""
        before = self._found_from.pop(name, {})
        contents = {path: before.get(path, "") for path in _young(stamps)}
        self._changed |= self._known.pop(name, None) is not None
        if all(contents.values()):
            self._known[name] = [dict(stamps), fact, contents] if contents else [dict(stamps), fact]
            self._changed = True

    def save(self) -> None:
        """Write what has changed; failures are ignored: the next run finds it out again."""
        if self._changed:
            kept = dict(list(self._known.items())[-KEPT_MAX:])
            data = json.dumps([FORM, kept], separators=(",", ":"))
            with contextlib.suppress(WriteFailed):
                files.write(self._file, data.encode(), sharing=self._sharing)

    def _read(self) -> dict[str, Any]:
        """Return what is known; nothing if the file is missing, of another form, or not this user's."""
        try:
            found = self._file.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
                return {}
            form, known = json.loads(files.read(self._file, limit_bytes=_BYTES_MAX))
        except (OSError, InputInvalid, ValueError, TypeError):
            return {}
        return known if form == FORM and isinstance(known, dict) else {}


def _young(stamps: Mapping[str, str]) -> list[str]:
    """List the paths of what has changed so recently that it may change again and keep its stamp."""
    now_ns = time.time_ns()
    return [
        path for path, stamp in stamps.items() if stamp and not all(is_settled(part, now_ns) for part in _halves(stamp))
    ]


def _contents(paths: Iterable[str]) -> dict[str, str]:
    """Return the digests of files; empty for a folder, and for a file that is too large."""
    return {path: hashing.digest_within(path, _CONTENT_BYTES_MAX) for path in paths}


def _halves(stamp: str) -> list[str]:
    parts = stamp.split()
    return [" ".join(parts[:4]), " ".join(parts[4:])] if len(parts) > 4 else [stamp]
