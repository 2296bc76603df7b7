"""Asking a program what it prints, without letting it take long, print much, read anything or outlive the question."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import RunnerUnavailable, reason
from qanat.system import processes
from qanat.system.programs import clean_environment

# In the environment of the program, and of all that it starts, also of a daemon with a session of its own.
MARK = "QANAT_ASKED"
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program printed, and its exit code; None if it was killed for taking too long or printing too much."""

    status: int | None
    out: bytes
    err: bytes


def answer_of(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float, bytes_max: int) -> Answer:
    """Return what a program printed, and how it ended. Raises RunnerUnavailable if it cannot be started."""
    until = time.monotonic() + timeout_s
    mark = secrets.token_hex(16)
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment({**env, MARK: mark}),
            start_new_session=True,
        )
    except OSError as error:
        raise RunnerUnavailable(f"{command[0]} cannot be started: {reason(error)}") from None
    with process:
        try:
            out, err, ended = _read(process, until, bytes_max)
            status = _status(process, until) if ended else None
        finally:
            processes.end_family(MARK, mark, process.pid, 0)
    return Answer(status, out, err)


def _status(process: subprocess.Popen[bytes], until: float) -> int | None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(max(0, until - time.monotonic()))
    return None


def _read(process: subprocess.Popen[bytes], until: float, bytes_max: int) -> tuple[bytes, bytes, bool]:
    """Return what a process prints, up to a limit and a time, and whether it has closed both streams by then."""
    streams = [stream.fileno() for stream in (process.stdout, process.stderr) if stream]
    printed = {stream: bytearray() for stream in streams}
    with selectors.DefaultSelector() as waiting:
        for stream in streams:
            waiting.register(stream, selectors.EVENT_READ)
        while waiting.get_map() and (left := until - time.monotonic()) > 0 and not _is_full(printed, bytes_max):
            for key, _ in waiting.select(left):
                chunk = os.read(key.fd, _CHUNK)
                printed[key.fd] += chunk
                if not chunk:
                    waiting.unregister(key.fd)
        ended = not waiting.get_map()
    out, err = (bytes(printed[stream][:bytes_max]) for stream in streams)
    return out, err, ended


def _is_full(printed: Mapping[int, bytearray], bytes_max: int) -> bool:
    return any(len(text) >= bytes_max for text in printed.values())
