"""One lock for everything that qanat writes to a repository, shared by its linked worktrees."""

from __future__ import annotations

import contextlib
import fcntl
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from qanat.errors import WriteFailed, write_failed
from qanat.git import sharing
from qanat.git.location import Location
from qanat.system import files

WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """Proof that this process holds the lock of a repository: what may only be done under it asks for one."""

    location: Location


@contextlib.contextmanager
def held(location: Location) -> Iterator[Held]:
    """Hold the repository's lock; it is not re-entrant. Raises WriteFailed."""
    with file_held(location, location.private / "lock"):
        yield Held(location)


@contextlib.contextmanager
def file_held(location: Location, path: Path) -> Iterator[None]:
    """Hold a lock file. It ends with the process, so a killed process never leaves it behind. Raises WriteFailed."""
    with _opened(location, path) as file:
        _wait(file.fileno(), path)
        yield


def _opened(location: Location, path: Path) -> IO[bytes]:
    """Open a lock file, which is created if it does not exist, for all who share the repository."""
    try:
        with contextlib.suppress(FileNotFoundError):
            return path.open("rb+")
        who = sharing.of(location)
        files.make_folder(path.parent, who)
        file = path.open("ab")
        files.share(path, who)
    except OSError as error:
        raise write_failed(path, error) from None
    return file


def _wait(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    pause_s = 0.001
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise WriteFailed(
                    f"another qanat has held {path} for more than {WAIT_S:g} s",
                    hint=f"find it with: fuser {shlex.quote(str(path))}",
                ) from None
            time.sleep(pause_s)
            pause_s = min(0.02, pause_s * 1.5)
        else:
            return


def take_of_git(guard: Path, data: bytes) -> None:
    """Take a lock of git itself: create `<file>.lock` with what is to replace the file, as git does.

    Raises FileExistsError if another git has it, OSError if it cannot be written; it is not left behind then.
    """
    guard.open("xb").close()
    try:
        guard.write_bytes(data)
    except OSError:
        guard.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def claimed(location: Location, path: Path) -> Iterator[int]:
    """Mark path as in use until the block ends, or this process does; others may mark it too. Raises WriteFailed.

    Yields a descriptor; the mark lasts as long as any process that inherits it.
    """
    with _opened(location, path) as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        except OSError as error:
            raise write_failed(path, error) from None
        yield file.fileno()


def is_claimed(path: Path) -> bool:
    """Return whether any process, including this one, has claimed path."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
