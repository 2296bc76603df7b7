"""Files below a folder, such as a project's, reached step by step by descriptors: no symbolic link is followed.

A clone may bring links. A path that was checked may lead elsewhere by the time it is used, an open folder cannot.
Paths are relative to the folder, with slashes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.errors import InputInvalid, Linked, reason, write_failed
from qanat.system import files, folders
from qanat.system.files import Permissions

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder, and whether it is a regular file or a folder; a link, a pipe or a device is neither."""

    name: str
    is_file: bool
    is_folder: bool


@contextmanager
def opened(root: Path, folder: str, *, create: bool = False, sharing: Permissions | None = None) -> Iterator[int]:
    """Yield a descriptor of a folder below root, which is created if wanted. Raises OSError, also for a link."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        done = ""
        for name in folder.split("/") if folder else ():
            done = f"{done}/{name}" if done else name
            inner = _step(descriptor, name, done, create=create, sharing=sharing)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def entries(root: Path, folder: str) -> list[Entry]:
    """List what is in a folder, in no order; nothing if it is missing, cannot be listed, or is behind a link."""
    with contextlib.suppress(OSError), opened(root, folder) as descriptor, os.scandir(descriptor) as found:
        return [Entry(e.name, e.is_file(follow_symlinks=False), e.is_dir(follow_symlinks=False)) for e in found]
    return []


def names(root: Path, folder: str) -> list[str]:
    """List the names in a folder as entries() does, but faster, since it asks for nothing else."""
    with contextlib.suppress(OSError), opened(root, folder) as descriptor:
        return os.listdir(descriptor)  # noqa: PTH208  # an open folder, not a path
    return []


def sizes(root: Path, folder: str) -> dict[str, int]:
    """Return the size of each regular file in a folder in bytes; errors as for entries()."""
    found = {}
    with contextlib.suppress(OSError), opened(root, folder) as descriptor:
        for name in os.listdir(descriptor):  # noqa: PTH208  # an open folder, not a path
            known = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISREG(known.st_mode):
                found[name] = known.st_size
    return found


def head(root: Path, path: str, count: int) -> bytes:
    """Return at most this many bytes from the beginning of a regular file. Raises InputInvalid, also for a link."""
    return _read(root, path, count)


def read(root: Path, path: str, limit_bytes: int | None = None) -> bytes:
    """Return the bytes of a regular file. Raises InputInvalid, also for a link and a file larger than the limit."""
    data = _read(root, path, -1 if limit_bytes is None else limit_bytes + 1)
    if limit_bytes is not None and len(data) > limit_bytes:
        raise InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
    return data


def _read(root: Path, path: str, count: int) -> bytes:
    folder, _, name = path.rpartition("/")
    try:
        with opened(root, folder) as descriptor, folders.open_in(descriptor, name, path) as file:
            return file.read(count)
    except Linked as error:
        raise InputInvalid(f"{path}: {_linked(error, path)}", hint=_remedy(error, path)) from None
    except OSError as error:
        raise InputInvalid(f"{path}: {reason(error)}") from None


def open_file(root: Path, path: str) -> BinaryIO:
    """Open a regular file for reading. Raises OSError, also for a link and a path that cannot be."""
    folder, _, name = path.rpartition("/")
    try:
        with opened(root, folder) as descriptor:
            return folders.open_in(descriptor, name, path)
    except ValueError as error:  # a null character
        raise OSError(f"is not a path: {error}") from None
    except Linked as error:
        is_file = error.filename == path
        raise OSError(
            "is a symbolic link, not a file" if is_file else f"is behind a symbolic link, {error.filename}"
        ) from None


def write(root: Path, path: str, data: bytes, *, durable: bool = False, sharing: Permissions | None = None) -> None:
    """Replace a file, creating its folder if needed, as files.write() does.

    Raises WriteFailed, and InputInvalid if its folder is, or is behind, a symbolic link.
    """
    folder, _, name = path.rpartition("/")
    with _changing(root, path), opened(root, folder, create=True, sharing=sharing) as descriptor:
        files.replace_in(descriptor, name, data, durable=durable, sharing=sharing)


def remove(root: Path, path: str) -> None:
    """Remove a file, or a link in its place, if it exists. Raises WriteFailed, and InputInvalid behind a link."""
    folder, _, name = path.rpartition("/")
    missing = contextlib.suppress(FileNotFoundError, NotADirectoryError)
    with _changing(root, path), missing, opened(root, folder) as descriptor:
        os.unlink(name, dir_fd=descriptor)


@contextmanager
def _changing(root: Path, path: str) -> Iterator[None]:
    """Raise the errors of write() and remove() in place of OSError."""
    try:
        yield
    except Linked as error:
        raise InputInvalid(f"{error.filename} {_linked(error, path)}", hint=_remedy(error, path)) from None
    except OSError as error:
        raise write_failed(root / path, error) from None


def has_file(root: Path, path: str) -> bool:
    """Return whether a path is a regular file that no symbolic link leads to."""
    folder, _, name = path.rpartition("/")
    with contextlib.suppress(OSError, ValueError), opened(root, folder) as descriptor:
        return stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
    return False


def _step(descriptor: int, name: str, path: str, *, create: bool, sharing: Permissions | None) -> int:
    """Open a folder in an open one. Raises OSError, also for `..`."""
    if name in ("", ".", ".."):
        raise OSError("is not a path inside the folder")
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        if not create:
            raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=descriptor)
            made = os.open(name, _FOLDER, dir_fd=descriptor)
            files.share_open(made, sharing)
            return made
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except OSError:
        folders.check_no_link(descriptor, name, path)
        raise


def _linked(error: Linked, path: str) -> str:
    return "is a symbolic link" if error.filename == path else "is a symbolic link, but must be a folder"


def _remedy(error: Linked, path: str) -> str:
    return "replace it with the file itself" if error.filename == path else "replace it with a folder"
