"""Asking a program what it prints, without letting it take long, print much, read anything or outlive the question."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from qanat.errors import RunnerUnavailable, reason
from qanat.system import processes
from qanat.system.programs import clean_environment

# In the environment of the program, and of all that it starts, also of a daemon with a session of its own.
MARK = "QANAT_ASKED"
_CHUNK = 65_536


def output_of(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float, bytes_max: int
) -> tuple[int | None, bytes]:
    """Return how a program ended, and what it printed; None if it was killed for taking too long or printing too much.

    Raises RunnerUnavailable if it cannot be started.
    """
    until = time.monotonic() + timeout_s
    mark = secrets.token_hex(16)
    reads, writes = os.pipe()
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=writes,
            stderr=writes,
            env=clean_environment({**env, MARK: mark}),
            start_new_session=True,
        )
    except OSError as error:
        os.close(reads)
        raise RunnerUnavailable(f"{command[0]} cannot be started: {reason(error)}") from None
    finally:
        os.close(writes)
    try:
        printed, ended = _read(reads, until, bytes_max)
        if ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(max(0, until - time.monotonic())), printed
        return None, printed
    finally:
        processes.end_family(MARK, mark, process.pid, 0)
        process.wait()
        os.close(reads)


def _read(descriptor: int, until: float, bytes_max: int) -> tuple[bytes, bool]:
    """Return what a pipe has, up to a limit and a time, and whether it was closed by then."""
    printed = b""
    while (left := until - time.monotonic()) > 0 and len(printed) < bytes_max:
        if not select.select([descriptor], [], [], left)[0]:
            break
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return printed, True
        printed += chunk
    return printed[:bytes_max], False
