"""One hash for all files of data: that of a file alone, or one over the sorted paths and hashes of a folder's files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable

from qanat.domain.data import merkle
from qanat.domain.long_work import tracked
from qanat.domain.visible import escaped
from qanat.records.file_hashes import FileHashes, stamp_of
from qanat.system.hashing import Hashing
from qanat.system.scanning import Entry
from qanat.usecases.data.bounds import Bounds
from qanat.usecases.project import Project


def hash_of(
    project: Project, name: str, top: str, entries: Iterable[Entry], bounds: Bounds | None = None
) -> tuple[str, str]:
    """Return the SHA-256 of what a scan of a folder or file has found, and a problem if something cannot be read.

    A link counts with its target, anything but files and links with its path alone. Only files whose stamps are new
    are read. Raises TooMuch if these are too many.
    """
    known = FileHashes(project.location.private_here, top, project.sharing)
    links, stamps, digests = {}, {}, {}
    sizes: dict[str, int] = {}
    for path, found in entries:
        if not stat.S_ISREG(found.st_mode):
            links[path] = _of_link(_joined(top, path), found)
            continue
        stamps[path] = stamp = stamp_of(found)
        if digest := known.digest(path, stamp):
            digests[path] = digest
        else:
            sizes[_joined(top, path)] = found.st_size
    if bounds:
        bounds.check_bytes(sum(sizes.values()))
    if sizes:
        hashing = Hashing(list(sizes), sum(sizes.values()))
        for _ in tracked(hashing, f"MiB of {name} hashed"):
            pass
        if hashing.unreadable:
            return "", _unreadable(top, hashing.unreadable)
        digests |= {path: hashing.digests[_joined(top, path)] for path in stamps.keys() - digests.keys()}
    known.replace(digests, stamps)
    return f"sha256:{merkle(digests | links)}", ""


def _joined(top: str, path: str) -> str:
    return f"{top}/{path}" if path else top


def _of_link(path: str, found: os.stat_result) -> str:
    try:
        target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""  # noqa: PTH115  # many paths, few objects
    except OSError:
        target = ""
    return hashlib.sha256(b"link\0" + os.fsencode(target), usedforsecurity=False).hexdigest()


def _unreadable(top: str, problems: dict[str, str]) -> str:
    count = len(problems)
    path, why = next(iter(problems.items()))
    what = "1 file" if count == 1 else f"{count:,} files"
    return escaped(f"{what} cannot be read: {path.removeprefix(f'{top}/')}: {why}")
