"""Directories by descriptor: opened through no symbolic link, created step by step, and recognised later.

A path that was checked may lead elsewhere by the time it is used, if one of its folders has been replaced by a link.
An open descriptor cannot.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.errors import Linked, write_failed
from qanat.system import files
from qanat.system.files import Permissions

# O_PATH (Linux) needs no permission to list a folder on the way, such as a /home with mode 0711.
PASS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", 0)
LIST = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_RDONLY


@dataclass(frozen=True, slots=True)
class FolderId:
    """What tells a directory from every other one on this machine, and who owns it."""

    device: int
    inode: int
    owner: int

    @property
    def is_ours(self) -> bool:
        """Whether the directory belongs to the user of this process."""
        return self.owner == os.geteuid()


@dataclass(frozen=True, slots=True)
class Created:
    """A directory, and which of it and its parents did not exist before; the outermost comes first."""

    path: Path
    folder: FolderId
    new: tuple[tuple[Path, FolderId], ...]

    @property
    def is_new(self) -> bool:
        """Whether the directory itself did not exist before."""
        return any(path == self.path for path, _ in self.new)


def identify(path: Path) -> FolderId | None:
    """Return what identifies the directory at a path; None for a link, a file, or nothing."""
    try:
        return _identity(os.lstat(path))
    except (OSError, ValueError):
        return None


def identify_in(parent: int, name: str) -> FolderId | None:
    """Return what identifies a directory in an open one; None for a link, a file, or nothing."""
    try:
        return _identity(os.stat(name, dir_fd=parent, follow_symlinks=False))
    except OSError:
        return None


def identity_of(descriptor: int) -> FolderId | None:
    """Return what identifies an open directory."""
    return _identity(os.fstat(descriptor))


def _identity(found: os.stat_result) -> FolderId | None:
    return FolderId(found.st_dev, found.st_ino, found.st_uid) if stat.S_ISDIR(found.st_mode) else None


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Yield a descriptor of a directory that no symbolic link leads to. Raises OSError."""
    descriptor = os.open("/", PASS)
    try:
        parts = path.absolute().parts
        for count, name in enumerate(parts[1:], 2):
            descriptor = _replaced(descriptor, _entered(descriptor, name, parts[:count]))
        yield descriptor
    finally:
        os.close(descriptor)


def _entered(folder: int, name: str, parts: Sequence[str]) -> int:
    """Open a directory of an open one; parts are those of its path. Raises OSError, Linked for a link."""
    try:
        return os.open(name, PASS, dir_fd=folder)
    except OSError:
        check_no_link(folder, name, str(Path(*parts)))
        raise


def check_no_link(folder: int, name: str, path: str) -> None:
    """Raise Linked if an entry of an open directory, at this path, is a symbolic link."""
    with suppress(FileNotFoundError):
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise Linked(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _replaced(before: int, after: int) -> int:
    os.close(before)
    return after


def names_in(folder: int) -> list[os.DirEntry[str]]:
    """List the entries of an open directory. Raises OSError."""
    listed = os.open(".", LIST, dir_fd=folder)
    try:
        with os.scandir(listed) as entries:
            return list(entries)
    finally:
        os.close(listed)


def create(path: Path, sharing: Permissions | None = None) -> Created:
    """Create a directory with its parents, none of which may be a symbolic link; it may exist.

    Raises OSError, with the path of the directory that could not be created.
    """
    new: list[tuple[Path, FolderId]] = []
    parts, count = path.absolute().parts, 1
    descriptor = os.open("/", PASS)
    try:
        for count, name in enumerate(parts[1:], 2):
            is_new = False
            with suppress(FileExistsError):
                if identify_in(descriptor, name) is None:
                    os.mkdir(name, dir_fd=descriptor)
                    is_new = True
            descriptor = _replaced(descriptor, _entered(descriptor, name, parts[:count]))
            if is_new and (made := _identity(os.fstat(descriptor))):
                new.append((Path(*parts[:count]), made))
                _share(descriptor, sharing)
        found = _identity(os.fstat(descriptor))
    except OSError as error:
        take_back(new)
        error.filename = str(Path(*parts[:count]))
        raise
    finally:
        os.close(descriptor)
    assert found is not None  # noqa: S101  # it was opened as a directory
    return Created(path, found, tuple(new))


def _share(folder: int, sharing: Permissions | None) -> None:
    """Set the permissions of an open directory that was just created."""
    if sharing is not None and sharing.bits:
        writable = os.open(".", LIST, dir_fd=folder)
        try:
            files.share_open(writable, sharing)
        finally:
            os.close(writable)


@contextmanager
def opened_file(folder: Path, path: str) -> Iterator[BinaryIO]:
    """Yield a regular file below a directory, open for reading. Raises OSError, also for a link on the way."""
    *names, last = path.split("/")
    with opened(folder) as root:
        descriptor = os.dup(root)
        try:
            for count, name in enumerate(names, 1):
                descriptor = _replaced(descriptor, _entered(descriptor, name, (str(folder), *names[:count])))
            with open_in(descriptor, last, path) as file:
                yield file
        finally:
            os.close(descriptor)


def open_in(folder: int, name: str, path: str) -> BinaryIO:
    """Open a regular file of an open directory, at this path, for reading. Raises OSError, Linked for a link."""
    try:
        return open(name, "rb", opener=lambda name, flags: files.open_in(folder, name, flags))
    except OSError:
        check_no_link(folder, name, path)
        raise


def write(path: Path, data: bytes, *, sharing: Permissions | None = None) -> None:
    """Replace a file, creating its folder if needed; no symbolic link may lead to that. Raises WriteFailed."""
    try:
        create(path.parent, sharing)
        with opened(path.parent) as folder:
            files.replace_in(folder, path.name, data, sharing=sharing)
    except OSError as error:
        raise write_failed(path, error) from None


def append(path: Path, data: bytes, *, sharing: Permissions | None = None) -> None:
    """Append data to a file, creating it if needed; no symbolic link may lead to it, or be it. Raises WriteFailed."""
    try:
        with opened(path.parent) as folder:
            check_no_link(folder, path.name, str(path))
            with open(path.name, "ab", opener=lambda name, flags: files.open_in(folder, name, flags)) as file:
                file.write(data)
                files.share_open(file.fileno(), sharing)
    except OSError as error:
        raise write_failed(path, error) from None


def plain(path: Path) -> Path:
    """Return a path with the links resolved that lead to it; it may be one itself."""
    return Path(os.path.realpath(path.parent)) / path.name


def take_back(created: Sequence[tuple[Path, FolderId]]) -> None:
    """Remove directories that were just created, the innermost first, as far as they are empty."""
    for path, made in reversed(created):
        with suppress(OSError), opened(path.parent) as parent:
            if identify_in(parent, path.name) == made:
                os.rmdir(path.name, dir_fd=parent)


def move(names: Sequence[str], source: Path, target: Path, *, replace: bool = False) -> None:
    """Move entries of one directory into another on the same file system. Raises OSError.

    With `replace`, files in the target give way; without it, nothing does.
    """
    with opened(source) as before, opened(target) as after:
        for name in names:
            if not replace and exists_in(after, name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
            os.rename(name, name, src_dir_fd=before, dst_dir_fd=after)


def exists_in(folder: int, name: str) -> bool:
    """Return whether an open directory has an entry of this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
