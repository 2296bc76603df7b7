"""The single gate to external programs: argument lists only, a clean git environment, errors as sentences."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import PIPE_BUF
from threading import Thread
from typing import IO

from qanat.errors import RunnerUnavailable

PATIENCE_S = 10.0
SLOW_S = 3.0

# The environment may say who the author is, but not where the repository is: git sets that for hooks.
_GIT_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")


@dataclass(frozen=True, slots=True)
class Finished:
    """How an external program ended: its exit status (negative: a signal's number) and its output."""

    status: int
    out: bytes
    err: bytes

    @property
    def first_error(self) -> str:
        """The first line on stderr."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines()
        return lines[0] if lines else ""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without the variables that point git to another repository."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(_GIT_KEPT)}
    return kept | dict(extra or {})


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    inherited: Sequence[int] = (),
    patient: bool = False,
    when_slow: Callable[[], None] | None = None,
) -> Finished:
    """Run command to its end, without a terminal. Raises RunnerUnavailable if it is missing or takes too long.

    It inherits these descriptors. If it is `patient`, Ctrl-C does not kill it: it is interrupted, and waited for.
    `when_slow`, which goes without a timeout, is called once if it still runs after SLOW_S; what it raises kills it.
    """
    with _started(command, cwd, env, inherited) as process:
        try:
            out, err = _communicate(process, stdin, timeout_s, when_slow)
        except BaseException as error:
            if patient and isinstance(error, KeyboardInterrupt):
                _interrupt(process)
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise RunnerUnavailable(f"{command[0]} did not answer within {timeout_s:g} s") from None
            raise
    return Finished(process.returncode, out, err)


@contextmanager
def running(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    when_slow: Callable[[], None] | None = None,
) -> Iterator[Callable[[], Finished]]:
    """Start command, and yield a function that waits for its end; errors and `when_slow` as for run().

    It is killed if nothing has waited for it.
    """
    with _started(command, cwd, env) as process:
        try:
            yield lambda: _end_of(process, when_slow)
        finally:
            process.kill()  # does nothing to one that was waited for


def _end_of(process: subprocess.Popen[bytes], when_slow: Callable[[], None] | None) -> Finished:
    out, err = _communicate(process, None, None, when_slow)
    return Finished(process.returncode, out, err)


def _communicate(
    process: subprocess.Popen[bytes],
    stdin: bytes | None,
    timeout_s: float | None,
    when_slow: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    if when_slow is None:
        return process.communicate(stdin, timeout=timeout_s)
    if stdin and process.stdin and len(stdin) <= PIPE_BUF:
        _feed(process.stdin, stdin)  # an empty pipe holds that much
        process.stdin = None
    elif stdin and process.stdin:
        # What a first communicate() has not written by its timeout, a second one does not write either.
        Thread(target=_feed, args=(process.stdin, stdin), daemon=True).start()
        process.stdin = None
    try:
        return process.communicate(timeout=SLOW_S)
    except subprocess.TimeoutExpired:
        when_slow()
    return process.communicate()


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(content)


def _started(
    command: Sequence[str], cwd: Path, env: Mapping[str, str] | None, inherited: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment({"LC_ALL": "C.UTF-8"} | dict(env or {})),
            pass_fds=inherited,
        )
    except FileNotFoundError:
        raise RunnerUnavailable(f"{command[0]} is not on PATH", hint=f"install {command[0]}") from None
    except PermissionError:
        raise RunnerUnavailable(f"{command[0]} is not executable") from None


def is_binary(program: Path) -> bool:
    """Return whether a program is not a script, which may choose what it starts; False if it cannot be read."""
    try:
        with program.open("rb") as file:
            return file.read(2) not in (b"#!", b"")
    except OSError:
        return False


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process, which a terminal may have done already, and wait until it has cleaned up."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_S)
