"""The list of the files that a group left, beside them: `qanat_manifest.jsonl`."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import outputs
from qanat.domain.outputs import OutputFile, Outputs
from qanat.errors import InputInvalid
from qanat.records.storage import MANIFEST
from qanat.system import files, folders
from qanat.system.files import Permissions
from qanat.system.scanning import LeftOut, Totals, scan

FILES_MAX = 100_000
LIST_BYTES_MAX = 64 * 2**20


class TooManyFiles(Exception):
    """There are more files in a directory than a list may have."""


@dataclass(frozen=True, slots=True)
class Left:
    """The regular files below a directory: their sizes in bytes by their paths in it, ordered by name.

    `times` has when each was modified, and when it was changed in any way, in nanoseconds. `unreadable` has why folders
    below the directory could not be read, by their paths: there may be more files in them.
    """

    sizes: Mapping[str, int]
    times: Mapping[str, tuple[int, int]]
    unreadable: Mapping[str, str]


def left_in(folder: Path, left_out: Collection[str], at_most: int | None = None) -> Left:
    """Return the regular files below a directory.

    `left_out` are names of files and folders directly in the directory. Raises TooManyFiles, and OSError if the
    directory cannot be read or a link leads to it.
    """
    found, changed, totals = {}, {}, Totals()
    with folders.opened(folder):
        without = LeftOut(paths={f"{folder}/{name}" for name in left_out})
        for path, status in scan(folder, totals, without):
            if stat.S_ISREG(status.st_mode) and path not in left_out:
                found[path] = status.st_size
                changed[path] = (status.st_mtime_ns, status.st_ctime_ns)
            if at_most is not None and len(found) > at_most:
                raise TooManyFiles
    return Left(dict(sorted(found.items(), key=lambda item: item[0].split("/"))), changed, totals.unreadable)


def chosen(found: Mapping[str, int], limit_bytes: int) -> frozenset[str]:
    """Choose the files to hash: in this order, each that still fits into the limit."""
    left, names = limit_bytes, []
    for path, size in found.items():
        if size <= left:
            names.append(path)
            left -= size
    return frozenset(names)


def hashed(folder: Path, path: str, size: int) -> str | None:
    """Return the SHA-256 of a file in a directory; None if it cannot be read, or is larger than its size was."""
    from qanat.system.hashing import sha256_of_open  # only when a run ends, or is checked

    try:
        with folders.opened_file(folder, path) as file:
            return sha256_of_open(file.fileno(), size)
    except OSError:
        return None


def write(folder: Path, found: Iterable[OutputFile], sharing: Permissions | None) -> Outputs:
    """Write the list of a directory's files into it, through no link, and return it in short. Raises WriteFailed."""
    listed = list(found)
    folders.write(folder / MANIFEST, outputs.encode(listed), sharing=sharing)
    return outputs.summarise(listed)


def written_ns(folder: Path) -> int:
    """Return when a directory's list was last modified, in nanoseconds; 0 if there is none."""
    try:
        return (folder / MANIFEST).lstat().st_mtime_ns
    except OSError:
        return 0


def read(folder: Path, recorded: Outputs) -> dict[str, OutputFile] | None:
    """Return the files that a directory's list has, by path; None unless it is the list that the record means."""
    try:
        data = files.read(folder / MANIFEST, limit_bytes=LIST_BYTES_MAX)
        if outputs.digest(data) != recorded.digest or data.count(b"\n") > FILES_MAX:
            return None
        return {file.path: file for file in outputs.decode(data)}
    except (InputInvalid, ValueError, RecursionError):
        return None
