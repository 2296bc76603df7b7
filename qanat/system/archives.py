"""Archives of files whose bytes follow from the content of the files alone."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from qanat.errors import write_failed

# The first second that every kind of archive can hold: programs may pack what they find.
_TIME = 315_532_800


def write(target: Path, folder: Path, names: Iterable[str], *, follow: bool = False) -> None:
    """Write files of a folder into a .tar.gz, which appears as a whole; with `follow`, what links lead to.

    A folder among the names is included with all that it has. Raises WriteFailed.
    """
    try:
        descriptor, path = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                _pack(file, folder, names, follow=follow)
            os.replace(path, target)  # noqa: PTH105  # the path is a string
        except BaseException:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108
            raise
    except OSError as error:
        raise write_failed(target, error) from None


def _pack(file: object, folder: Path, names: Iterable[str], *, follow: bool) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as zipped,  # type: ignore[call-overload]
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT, dereference=follow) as archive,
    ):
        for name in sorted(names):
            archive.add(folder / name, arcname=name, filter=_alike)


def _alike(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return an entry without what differs between copies of a file; None for what is neither file, link nor folder."""
    if not (entry.isfile() or entry.issym() or entry.isdir() or entry.islnk()):
        return None
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = _TIME
    return entry
