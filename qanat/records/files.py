"""Reading and writing whole files; a write is a temporary file in the same folder and a rename."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from qanat.errors import InputInvalid, reason, write_failed

TEMPORARY = ".tmp"


def exists(path: Path) -> bool:
    """Tell whether something is at path; a path that the system does not take (a name too long) is not there."""
    return os.path.exists(path)  # noqa: PTH110  # Path.exists raises for such a path


def is_file(path: Path) -> bool:
    """Tell whether path is a file; a path that the system does not take (a name too long) is none."""
    return os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises for such a path


def read(path: Path, *, limit_bytes: int | None = None) -> bytes:
    """Give the bytes of a file; InputInvalid with the reason when it cannot be read or is larger than the limit."""
    try:
        with path.open("rb") as file:
            if limit_bytes is None:
                return file.read()
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise InputInvalid(f"{path}: {reason(error)}") from None
    if len(data) > limit_bytes:
        raise InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
    return data


def write(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace the file at path by data, making its folder when needed.

    Whoever reads it meanwhile, also after a crash, sees the old bytes or the new ones. `durable`
    waits for the disk, for what must outlive a power cut. Raises WriteFailed.
    """
    # Cut, so that a name which is as long as the file system allows has room for the rest.
    temporary = path.with_name(f".{path.name[:50]}.{os.getpid()}{TEMPORARY}")
    try:
        try:
            file = temporary.open("wb")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = temporary.open("wb")
        with file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise write_failed(path, error) from None
