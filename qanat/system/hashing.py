"""SHA-256 of files, of many at the same time."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

from qanat.errors import reason

BLOCK_BYTES = 2**20
_THREADS_MAX = 16
# Opening a pipe would wait for a process at its other end.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def _ignored(count: int) -> None:
    """Ignore the size of a block."""


def sha256_of(path: str | Path, passed: Callable[[int], object] = _ignored) -> str:
    """Return the SHA-256 of a regular file in hexadecimal digits; `passed` is called with the size of each block read.

    Raises OSError, also for a pipe, a device, a folder, or a file that is longer than its size: one that grows, or one
    of the system's, which may never end.
    """
    return _sha256(path, _buffer(), passed)


def digest_within(path: str | Path, most_bytes: int) -> str:
    """Return the SHA-256 of a regular file as `sha256:…`; empty if it cannot be read, or is larger than this."""
    try:
        return f"sha256:{sha256_of(path)}" if os.path.getsize(path) <= most_bytes else ""  # noqa: PTH202
    except OSError:
        return ""


def sha256_of_open(descriptor: int, size: int) -> str:
    """Return the SHA-256 of an open file in hexadecimal digits. Raises OSError if it is longer than this size."""
    return _of_open(descriptor, size, _buffer(min(size + 1, BLOCK_BYTES)), _ignored)


def _buffer(size: int = BLOCK_BYTES) -> memoryview:
    return memoryview(bytearray(size))


def _sha256(path: str | Path, buffer: memoryview, passed: Callable[[int], object]) -> str:
    descriptor = os.open(path, _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("is not a regular file")
        return _of_open(descriptor, status.st_size, buffer, passed)
    finally:
        os.close(descriptor)


def _of_open(descriptor: int, size: int, buffer: memoryview, passed: Callable[[int], object]) -> str:
    digest, left = hashlib.sha256(usedforsecurity=False), size
    while count := os.readv(descriptor, [buffer]):
        left -= count
        if left < 0:
            raise OSError("grows while it is read")
        digest.update(buffer[:count])
        passed(count)
    return digest.hexdigest()


class Hashing:
    """Computes the SHA-256 of files in several threads, once it is iterated over.

    `digests` has those of the files that could be read, by their paths, and `unreadable` why others could not.
    """

    def __init__(self, paths: Sequence[str], total_bytes: int) -> None:
        self.digests: dict[str, str] = {}
        self.unreadable: dict[str, str] = {}
        self._paths = paths
        self._blocks = total_bytes // BLOCK_BYTES + 1
        self._is_stopped = False
        self._bug: Exception | None = None

    def __len__(self) -> int:
        """Return how many blocks are about to be read, which the iteration yields."""
        return self._blocks

    def __iter__(self) -> Iterator[int]:
        """Hash the files, and yield the number of each block as it has been read."""
        read: SimpleQueue[int | None] = SimpleQueue()
        work = iter(self._paths)
        count = max(1, min(_THREADS_MAX, (os.cpu_count() or 1) + 2, len(self._paths)))
        threads = [threading.Thread(target=self._hash, args=(work, read), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield from self._numbers(read, len(threads))
        finally:
            self._is_stopped = True
            for thread in threads:
                thread.join()
        if self._bug:
            raise self._bug

    def _numbers(self, read: SimpleQueue[int | None], running: int) -> Iterator[int]:
        bytes_, number = 0, 0
        while running:
            count = read.get()
            if count is None:
                running -= 1
                continue
            bytes_ += count
            # More than at first if a file grows meanwhile.
            while number < min(bytes_ // BLOCK_BYTES, self._blocks):
                yield number
                number += 1

    def _hash(self, work: Iterator[str], read: SimpleQueue[int | None]) -> None:
        buffer = _buffer()

        def passed(count: int) -> None:
            if self._is_stopped:
                raise InterruptedError
            read.put(count)

        try:
            for path in work:
                if self._is_stopped:
                    return
                try:
                    self.digests[path] = _sha256(path, buffer, passed)
                except OSError as error:
                    self.unreadable[path] = reason(error)
        except Exception as error:  # noqa: BLE001  # it is raised where the hashes are wanted
            self._bug = error
        finally:
            read.put(None)
