"""Reading many records at once, in as many processes as there are processors."""

from __future__ import annotations

import contextlib
import marshal
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qanat.records import index_rows
from qanat.records.index_rows import RecordRow

# Fewer records are read sooner than other processes have started.
FEWEST = 1_500
MOST_PROCESSES = 4


class Readers:
    """Reads records of a project; use it in a `with` block. `count` is how many there will be in all."""

    def __init__(self, root: Path, count: int) -> None:
        self._root = root
        self._others: list[subprocess.Popen[bytes]] = []
        self._stack = ExitStack()
        for _ in range(min(_processors(), MOST_PROCESSES, count // FEWEST + 1) - 1):
            with contextlib.suppress(OSError):
                self._others.append(self._stack.enter_context(_started(root)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._others:
            process.kill()
        with contextlib.suppress(OSError):  # one that has died does not take what is left for it
            self._stack.close()

    def rows(self, paths: Sequence[str]) -> Iterator[RecordRow]:
        """Yield the rows of these records, in no order; those that have just been deleted are left out."""
        parts = len(self._others) + 1
        shares = [paths[part::parts] for part in range(parts)] if len(paths) >= FEWEST else [paths]
        asked = [(process, share) for process, share in zip(self._others, shares[1:], strict=False)]
        taken = [(process, share, _ask(process, share)) for process, share in asked]
        yield from self._read(shares[0])
        for process, share, was_asked in taken:
            found = _answer(process) if was_asked else None
            if found is None:
                # A process that has been killed costs its part of the work, and nothing else.
                self._others.remove(process)
                yield from self._read(share)
            else:
                yield from (RecordRow(*values) for values in found)

    def _read(self, paths: Sequence[str]) -> Iterator[RecordRow]:
        for path in paths:
            if row := index_rows.row(self._root, path):
                yield row


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _started(root: Path) -> subprocess.Popen[bytes]:
    # -P: the current folder is a user's project, whose json.py must not be mistaken for Python's.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, str(root), *filter(None, sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for this process, which ends the other.
        start_new_session=True,
    )


_PROGRAM = "import sys; sys.path[:0] = sys.argv[2:]; from qanat.records.index_readers import serve; serve(sys.argv[1])"


def _ask(process: subprocess.Popen[bytes], paths: Sequence[str]) -> bool:
    try:
        marshal.dump(list(paths), process.stdin)  # type: ignore[arg-type]
        process.stdin.flush()  # type: ignore[union-attr]
    except OSError:
        return False
    return True


def _answer(process: subprocess.Popen[bytes]) -> list[tuple[Any, ...]] | None:
    """Return what a process has read; None if it has died."""
    try:
        found: list[tuple[Any, ...]] = marshal.load(process.stdout)  # type: ignore[arg-type]  # noqa: S302
    except (EOFError, ValueError, TypeError, OSError):
        return None
    return found


def serve(root: str) -> None:
    """Read the records that another process asks for, until it is gone."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            paths = marshal.load(sys.stdin.buffer)  # noqa: S302
            rows = [tuple(row) for path in paths if (row := index_rows.row(Path(root), path))]
            marshal.dump(rows, sys.stdout.buffer)
            sys.stdout.buffer.flush()
