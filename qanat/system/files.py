"""Reading and writing whole files; a write goes to a temporary file in the same folder, which is then renamed."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol

from qanat.errors import InputInvalid, reason, write_failed

TEMPORARY = ".tmp"
# O_PATH (Linux) needs no permission to list the folder.
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Permissions(Protocol):
    """Which permissions a new file or folder gets: those of domain.sharing, if it has any `bits`."""

    @property
    def bits(self) -> int: ...

    def mode(self, before: int) -> int:
        """Return the permissions of what has been created with the mode `before`."""


def exists(path: Path) -> bool:
    """Return whether something is at path; False for a path the system rejects, such as one with too long a name."""
    return os.path.exists(path)  # noqa: PTH110  # Path.exists raises for such a path


def is_file(path: Path) -> bool:
    """Return whether path is a file; False for a path the system rejects, such as one with too long a name."""
    return os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises for such a path


def is_folder(path: Path) -> bool:
    """Return whether path is a folder; False for a path the system rejects, such as one with too long a name."""
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises for such a path


def is_empty_folder(path: Path) -> bool:
    """Return whether path is a folder, or a link to one, that has no entries. Raises WriteFailed."""
    try:
        return is_folder(path) and not any(path.iterdir())
    except OSError as error:
        raise write_failed(path, error) from None


def is_hidden(path: Path) -> bool:
    """Return whether this user has no permission to read a file, or to enter a folder on the way to it."""
    try:
        path.open("rb").close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def read(path: Path, *, limit_bytes: int | None = None, own: bool = False) -> bytes:
    """Return the bytes of a file. Raises InputInvalid if it cannot be read or is larger than the limit.

    Only a file that the user has just named (`own`) may be a pipe or a device, since reading those may never end. A
    pipe that no process writes to is empty.
    """
    try:
        with open(path, "rb", opener=_open_named) if own else open_for_reading(path) as file:
            if limit_bytes is None:
                return file.read()
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise InputInvalid(f"{path}: {reason(error)}") from None
    if len(data) > limit_bytes:
        raise InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
    return data


def open_for_reading(path: Path) -> BinaryIO:
    """Open a file for reading without blocking. Raises OSError, also for a pipe or a device."""
    return open(path, "rb", opener=_open_file)  # Path.open takes no opener


def _open_named(path: str, flags: int) -> int:
    """Open whatever the user has named; a pipe without waiting for a process that writes to it."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def read_end(path: Path, limit_bytes: int) -> str:
    """Return the last bytes of a file as text; empty if there is no regular file, or it cannot be read."""
    try:
        with open_for_reading(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit_bytes))
            return file.read(limit_bytes).decode("utf-8", "replace")
    except OSError:
        return ""


def open_in(folder: int, name: str, flags: int) -> int:
    """Open a regular file of an open directory, which must not be a link. Raises OSError."""
    return _open_file(name, flags | os.O_NOFOLLOW, folder)


def _open_file(path: str, flags: int, folder: int | None = None) -> int:
    """Open a regular file, and nothing else, without waiting for a process at the other end of a pipe."""
    descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666, dir_fd=folder)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return descriptor
    os.close(descriptor)
    raise OSError("is a pipe or a device, not a file")


def append(path: Path, data: bytes, *, sharing: Permissions | None = None) -> None:
    """Append data to a file, creating it if needed. Raises OSError, also for a link, a pipe or a device."""
    with open(path, "ab", opener=lambda name, flags: _open_file(name, flags | os.O_NOFOLLOW)) as file:
        file.write(data)
    share(path, sharing)


def share(path: Path, sharing: Permissions | None) -> None:
    """Set the permissions of a new file or folder; one that is gone or belongs to another user stays as it is."""
    if sharing is None or not sharing.bits:
        return
    with contextlib.suppress(FileNotFoundError, PermissionError):
        before = path.lstat().st_mode
        if not stat.S_ISLNK(before) and (mode := sharing.mode(before)) != stat.S_IMODE(before):
            path.chmod(mode)


def make_executable(path: Path) -> None:
    """Make a file executable for all who may read it. Raises WriteFailed."""
    try:
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)
    except OSError as error:
        raise write_failed(path, error) from None


def make_folder(path: Path, sharing: Permissions | None = None) -> None:
    """Create a folder with its parents, unless they exist. Raises OSError."""
    try:
        path.mkdir()
    except FileNotFoundError:
        make_folder(path.parent, sharing)
        path.mkdir(exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    share(path, sharing)


def with_lines(data: bytes, lines: Iterable[str]) -> bytes:
    """Return the bytes of a text, with those of these lines that it lacks added at its end."""
    known = {line.strip() for line in data.decode("utf-8", "replace").splitlines()}
    missing = "".join(f"{line}\n" for line in lines if line not in known).encode()
    gap = b"\n" if missing and data and not data.endswith(b"\n") else b""
    return data + gap + missing


def write(path: Path, data: bytes, *, durable: bool = False, sharing: Permissions | None = None) -> None:
    """Replace the file at path by data, creating its folder if needed.

    A reader sees either the old bytes or the new ones, even after a crash. `durable` waits until
    the data is on disk, for what must survive a power cut. `sharing` is about the file and a new folder.
    Raises WriteFailed.
    """
    try:
        try:
            folder = os.open(path.parent, _FOLDER)
        except FileNotFoundError:
            make_folder(path.parent, sharing)
            folder = os.open(path.parent, _FOLDER)
        try:
            replace_in(folder, path.name, data, durable=durable, sharing=sharing)
        finally:
            os.close(folder)
    except OSError as error:
        raise write_failed(path, error) from None


def replace_in(
    folder: int, name: str, data: bytes, *, durable: bool = False, sharing: Permissions | None = None
) -> None:
    """Replace a file of an open folder as write() does. Raises OSError."""
    # The name is cut because the original may already be as long as the file system allows.
    # Of the main thread, the number is that of the process; other threads may write the same file at the same time.
    temporary = f".{name[:50]}.{threading.get_native_id()}{TEMPORARY}"
    # Left by a thread that had this number, or a link that came with a clone.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    try:
        with open(os.open(temporary, _WRITE, 0o666, dir_fd=folder), "wb") as file:  # noqa: PTH123
            file.write(data)
            share_open(file.fileno(), sharing)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def share_open(descriptor: int, sharing: Permissions | None) -> None:
    """Set the permissions of a new file or folder that is open; one of another user stays as it is."""
    if sharing is not None and sharing.bits:
        before = os.fstat(descriptor).st_mode
        if (mode := sharing.mode(before)) != stat.S_IMODE(before):
            with contextlib.suppress(PermissionError):
                os.fchmod(descriptor, mode)
