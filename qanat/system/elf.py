"""The shared libraries that a program needs, and where it looks for them before it asks the system.

Only ELF files of 64 bits in little-endian order are read, as x86-64, ARM and POWER have them on Linux. The form is that
of the System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.system import files

_MAGIC = b"\x7fELF\x02\x01"
_HEADER_BYTES, _PROGRAM_BYTES, _DYNAMIC_BYTES = 64, 56, 16
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS, _RPATH, _RUNPATH = 0, 1, 5, 15, 29
_TABLE_BYTES_MAX = 2**15
_NAME_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Needs:
    """The names of libraries; `rpath` and `runpath` are folders to look in, before and after LD_LIBRARY_PATH."""

    names: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()


def needs_of(path: Path) -> Needs:
    """Return what a file needs; nothing if it is none of this kind, or cannot be read."""
    try:
        with files.open_for_reading(path) as file:
            return _needs(file, os.path.dirname(os.path.realpath(path)))  # noqa: PTH120
    except (OSError, struct.error, ValueError, OverflowError):
        return Needs()


def _needs(file: BinaryIO, origin: str) -> Needs:
    segments = list(_segments(file))
    # There is one at most. A file may claim thousands, and stand for more names than there is memory.
    dynamic = next(((offset, size) for kind, offset, _, size in segments if kind == _DYNAMIC), (0, 0))
    entries = list(_entries(file, *dynamic))
    strings = next((value for tag, value in entries if tag == _STRINGS), -1)
    loaded = ((o + strings - at) for kind, o, at, size in segments if kind == _LOAD and at <= strings < at + size)
    if (table := next(loaded, None)) is None:
        return Needs()
    texts = [(tag, _text(file, table + value)) for tag, value in entries if tag in (_NEEDED, _RPATH, _RUNPATH)]
    last = dict(texts)  # which is the one that the loader takes, too
    folders = {
        tag: tuple(_placed(part, origin) for part in last.get(tag, "").split(":") if part) for tag in (_RPATH, _RUNPATH)
    }
    rpath = () if folders[_RUNPATH] else folders[_RPATH]
    return Needs(tuple(text for tag, text in texts if tag == _NEEDED), rpath, folders[_RUNPATH])


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    """Yield the kind of each segment, its place in the file, its address and its size in the file."""
    head = file.read(_HEADER_BYTES)
    if not head.startswith(_MAGIC):
        return
    (start,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<HH", head, 54)
    if size != _PROGRAM_BYTES:
        return
    file.seek(start)
    for kind, _, offset, address, _, length, _, _ in struct.iter_unpack("<IIQQQQQQ", file.read(size * count)):
        yield kind, offset, address, length


def _entries(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the tags and values of the dynamic section."""
    file.seek(offset)
    data = file.read(min(size, _TABLE_BYTES_MAX))
    for tag, value in struct.iter_unpack("<QQ", data[: len(data) // _DYNAMIC_BYTES * _DYNAMIC_BYTES]):
        if tag == _END:
            return
        yield tag, value


def _text(file: BinaryIO, offset: int) -> str:
    file.seek(offset)
    return os.fsdecode(file.read(_NAME_BYTES_MAX).partition(b"\0")[0])


def _placed(folder: str, origin: str) -> str:
    return folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", origin)
