"""Talking to HTCondor: a worker process for each request, and how long to wait for it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qanat.errors import RunnerUnavailable
from qanat.runners.htcondor import worker
from qanat.runners.submitting.silence import Silence
from qanat.system import installation, programs

# Together with everything else, this ends a command that meets a dead schedd within 5 s.
ANSWER_S = 4.0
# How long a schedd that has just answered may take to accept jobs.
SUBMIT_S = 120.0
_END_S = 1.0
_TEXT_MAX = 300

Answer = dict[str, Any]


class Worker:
    """A starting worker that takes one request; use it in a `with` block, which ends it."""

    def __init__(self, silence: Silence) -> None:
        self._silence = silence
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        # -P: the current folder is a user's project, whose json.py must not be mistaken for Python's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", worker.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=programs.clean_environment(),
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            with contextlib.suppress(OSError):  # the worker has stopped reading
                stream.close()  # type: ignore[union-attr]

    def request(self, request: Mapping[str, Any], *, later_s: float = 0.0) -> list[Answer]:
        """Send a request; return its answers, including those before it hung or died, then an error if it did.

        The worker has ANSWER_S for its first answer and `later_s` more after that.
        """
        # In a thread, because a worker that dies early or hangs does not read the request.
        threading.Thread(target=self._send, args=(json.dumps(request).encode(),), daemon=True).start()
        lines, rest = self._read(later_s)
        answers: list[Answer] = [json.loads(line) for line in lines if line.startswith(b"{")]
        if rest is None:
            problem = f"the schedd did not answer within {ANSWER_S + later_s * bool(answers):g} s"
            self._silence.begins(problem)
            answers.append({"error": problem, "late": True})
        elif self._status() != 0:
            answers.append({"error": self._stderr_text()})
        return answers

    def _send(self, request: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101  # it is a pipe
            self._process.stdin.write(request)
            self._process.stdin.close()

    def _read(self, later_s: float) -> tuple[list[bytes], bytes | None]:
        """Return the lines that came in time, and what came after the last one; None for that if time ran out."""
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        deadline = time.monotonic() + ANSWER_S
        lines: list[bytes] = []
        rest = b""
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not ready.select(left):
                    return lines, None
                data = os.read(self._process.stdout.fileno(), 2**20)
                if not data:
                    return lines, rest
                *whole, rest = (rest + data).split(b"\n")
                deadline += later_s if whole and not lines else 0.0
                lines += whole

    def _status(self) -> int:
        """Return the exit status of a worker that has given all its answers."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_S)
        return 0

    def _stderr_text(self) -> str:
        """Return what a worker that died, or the bindings in it, printed to stderr."""
        self._stderr.seek(0)
        text = " ".join(self._stderr.read().decode("utf-8", "replace").split())
        if len(text) > _TEXT_MAX:
            text = f"…{text[-_TEXT_MAX:]}"
        return text or f"the bindings ended with status {self._process.returncode}"


class Client:
    """Makes requests for one command, each to a worker of its own."""

    def __init__(self) -> None:
        self.silence = Silence()
        self._ahead: Worker | None = None

    def prefetch(self) -> None:
        """Start the worker of the next submission now, since it takes 0.1 s to start."""
        if self._ahead is None and not self.silence.lasts:
            self._ahead = Worker(self.silence)
            atexit.register(self._drop)

    def start_worker(self) -> Worker:
        """Return the worker that was started ahead of time, or start one."""
        worker_process, self._ahead = self._ahead or Worker(self.silence), None
        return worker_process

    def _drop(self) -> None:
        if self._ahead:
            with self.start_worker():
                pass

    def ask(self, request: Mapping[str, Any]) -> list[Answer]:
        """Send a request to a new worker, unless the schedd has just been silent."""
        if self.silence.lasts:
            return [{"error": self.silence.problem, "late": True}]
        with Worker(self.silence) as worker_process:
            return worker_process.request(request)


def problem_of(answers: Sequence[Answer]) -> str:
    """Return the first error among answers; empty if there is none."""
    return next((str(a["error"]) for a in answers if "error" in a), "")


def require(answers: Sequence[Answer], key: str) -> Any:
    """Return the value of the first answer that has the key. Raises RunnerUnavailable with the error if none has."""
    for answer in answers:
        if key in answer:
            return answer[key]
    problem = problem_of(answers) or "it did not answer"
    raise RunnerUnavailable(f"HTCondor cannot be reached: {problem}", hint=_hint(answers))


def _hint(answers: Sequence[Answer]) -> str:
    if any(a.get("missing") for a in answers):
        return installation.to_add("htcondor")
    config = os.environ.get("CONDOR_CONFIG", "ONLY_ENV")
    if config != "ONLY_ENV" and not Path(config).exists():
        return f"CONDOR_CONFIG names {config}, which does not exist"
    return "check whether the pool is up: condor_q"
