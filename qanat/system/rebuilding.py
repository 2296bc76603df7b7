"""Rebuilding a folder: it is made beside its place, and put there once it is whole.

Folders are reached step by step by descriptors, through no symbolic link (system.below).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.errors import write_failed
from qanat.system import below, files, folders
from qanat.system.files import Permissions

NEW, OLD = ".qanat-new", ".qanat-old"
_NAME_MAX = 100
_BLOCK_BYTES = 2**20
_CREATED = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A folder that is being made; paths in it have slashes."""

    folder: int
    sharing: Permissions | None

    def copy(self, path: str, source: BinaryIO) -> tuple[int, str]:
        """Write a file with what another one has; return its size and its SHA-256. Raises OSError."""
        known, size = hashlib.sha256(), 0
        with self._created(path) as file:
            while block := source.read(_BLOCK_BYTES):
                known.update(block)
                size += file.write(block)
        return size, known.hexdigest()

    def write(self, path: str, data: bytes) -> None:
        """Write a file. Raises OSError."""
        with self._created(path) as file:
            file.write(data)

    @contextmanager
    def _created(self, path: str) -> Iterator[BinaryIO]:
        folder, _, name = path.rpartition("/")
        with (
            _inside(self.folder, folder, self.sharing) as descriptor,
            open(os.open(name, _CREATED, 0o666, dir_fd=descriptor), "wb") as file,  # noqa: PTH123
        ):
            yield file
            files.share_open(file.fileno(), self.sharing)


@contextmanager
def rebuilding(root: Path, path: str, sharing: Permissions | None) -> Iterator[Rebuilt]:
    """Yield a new folder, which takes the place of the one at a path below root, if the block does not fail.

    If this is killed, the place has the folder as it was, or a later call puts that back. Raises WriteFailed.
    """
    parent, _, name = path.rpartition("/")
    new, old = f".{name[:_NAME_MAX]}{NEW}", f".{name[:_NAME_MAX]}{OLD}"
    try:
        with below.opened(root, parent, create=True, sharing=sharing) as above:
            _tidy(above, name, new, old)
            os.mkdir(new, dir_fd=above)
            try:
                with _opened(above, new) as descriptor:
                    files.share_open(descriptor, sharing)
                    yield Rebuilt(descriptor, sharing)
                _swap(above, name, new, old)
            except BaseException:
                _remove(above, new)
                raise
            _remove(above, old)
    except OSError as error:
        raise write_failed(root / path, error) from None


def _tidy(above: int, name: str, new: str, old: str) -> None:
    """Remove what a kill has left, and put a folder back that was about to be replaced. Raises OSError."""
    _remove(above, new)
    if folders.exists_in(above, name):
        _check_folder(above, name)
        _remove(above, old)
    elif folders.exists_in(above, old):
        os.rename(old, name, src_dir_fd=above, dst_dir_fd=above)


def _check_folder(above: int, name: str) -> None:
    if not stat.S_ISDIR(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
        folders.check_no_link(above, name, name)
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)


def _swap(above: int, name: str, new: str, old: str) -> None:
    with suppress(FileNotFoundError):
        os.rename(name, old, src_dir_fd=above, dst_dir_fd=above)
    try:
        os.rename(new, name, src_dir_fd=above, dst_dir_fd=above)
    except OSError:
        with suppress(FileNotFoundError):
            os.rename(old, name, src_dir_fd=above, dst_dir_fd=above)
        raise


def _remove(above: int, name: str) -> None:
    """Remove a folder that qanat made in an open one, as far as that is possible."""
    shutil.rmtree(name, ignore_errors=True, dir_fd=above)


@contextmanager
def _opened(above: int, name: str) -> Iterator[int]:
    descriptor = os.open(name, folders.LIST, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _inside(folder: int, path: str, sharing: Permissions | None) -> Iterator[int]:
    """Yield a folder in an open one, created with those on the way."""
    descriptor = os.dup(folder)
    try:
        for name in path.split("/") if path else ():
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=descriptor)
            inner = os.open(name, folders.LIST, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
            files.share_open(descriptor, sharing)
        yield descriptor
    finally:
        os.close(descriptor)
