"""What was found out about interpreters and files, by their stamps, so that the next run need not find it out again.

It is in the private folder, where no clone brings it, and each user has their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid, WriteFailed
from qanat.records.file_hashes import stamp_of
from qanat.records.record_stamps import is_settled
from qanat.system import files

T = TypeVar("T")
FORM = 1
KEPT_MAX = 64
_BYTES_MAX = 16 * 2**20


def stamp_at(path: str) -> str:
    """Return a text that changes when what is at a path, or behind a link there, does; empty if nothing is there."""
    try:
        own = os.lstat(path)
        return f"{stamp_of(own)} {stamp_of(os.stat(path))}" if stat.S_ISLNK(own.st_mode) else stamp_of(own)  # noqa: PTH116
    except OSError:
        return ""


class Remembered:
    """Facts by name, each with the stamps of what it was read from."""

    def __init__(self, private: Path, sharing: Sharing = UNSHARED) -> None:
        self._file = private / f"environment-{os.geteuid()}.json"
        self._sharing = sharing
        self._known = self._read()
        self._changed = False

    def get(self, name: str, stamps: Mapping[str, str]) -> Any:
        """Return a fact of which nothing has changed; None if there is none."""
        known = self._known.get(name)
        return known[1] if isinstance(known, list) and len(known) == 2 and known[0] == dict(stamps) else None

    def found(self, name: str, stamps: Mapping[str, str], find: Callable[[], T]) -> T:
        """Return a fact, which is found out and remembered unless it is known."""
        known: T | None = self.get(name, stamps)
        if known is not None:
            return known
        fact = find()
        self.put(name, stamps, fact)
        return fact

    def put(self, name: str, stamps: Mapping[str, str], fact: Any) -> None:
        """Remember a fact, unless one of its stamps is so young that what has it may change again and keep it."""
        now_ns = time.time_ns()
        self._changed |= self._known.pop(name, None) is not None
        if all(not stamp or is_settled(part, now_ns) for stamp in stamps.values() for part in _halves(stamp)):
            self._known[name] = [dict(stamps), fact]
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


def _halves(stamp: str) -> list[str]:
    parts = stamp.split()
    return [" ".join(parts[:4]), " ".join(parts[4:])] if len(parts) > 4 else [stamp]
