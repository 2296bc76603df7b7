"""Asking HTCondor something: a worker process for each question, and how long to wait for it."""

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
from qanat.system import programs

# With what qanat itself needs, a command that meets a dead schedd is over within 5 s.
ANSWER_S = 4.0
# How long a schedd that has just answered may take to take jobs in.
SUBMIT_S = 120.0
# One command may ask several times. A schedd that was silent is not waited for again so soon.
SILENT_S = 10.0
_END_S = 1.0
_WORDS_MAX = 300

Answer = dict[str, Any]


class _Silence:
    """Remembers that the schedd did not answer, and what was said of it."""

    def __init__(self) -> None:
        self._until = 0.0
        self.problem = ""

    def begins(self, problem: str) -> None:
        self._until, self.problem = time.monotonic() + SILENT_S, problem

    @property
    def lasts(self) -> bool:
        return time.monotonic() < self._until


SILENCE = _Silence()


class Question:
    """A worker that is starting, to be asked one thing; use it in a `with` block, which ends it."""

    def __init__(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        # -P: the current folder is a user's project, whose json.py must not be taken for Python's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", worker.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
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
        for stream in (self._process.stdin, self._process.stdout, self._said):
            with contextlib.suppress(OSError):  # what it did not want to read any more
                stream.close()  # type: ignore[union-attr]

    def put(self, request: Mapping[str, Any], *, later_s: float = 0.0) -> list[Answer]:
        """Put a request; give its answers, also those before it hung or died, then an error if it did.

        It has ANSWER_S until its first answer, and `later_s` more from then on.
        """
        # In a thread, because a worker that dies early, or hangs, does not read it.
        threading.Thread(target=self._send, args=(json.dumps(request).encode(),), daemon=True).start()
        lines, rest = self._read(later_s)
        answers: list[Answer] = [json.loads(line) for line in lines if line.startswith(b"{")]
        if rest is None:
            problem = f"the schedd did not answer within {ANSWER_S + later_s * bool(answers):g} s"
            SILENCE.begins(problem)
            answers.append({"error": problem, "late": True})
        elif self._status() != 0:
            answers.append({"error": self._words()})
        return answers

    def _send(self, request: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101  # it is a pipe
            self._process.stdin.write(request)
            self._process.stdin.close()

    def _read(self, later_s: float) -> tuple[list[bytes], bytes | None]:
        """Give the lines that came in time, and what came after the last; None for that when time was up."""
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
        """Give the exit status of a worker that has said all it has to say."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_S)
        return 0

    def _words(self) -> str:
        """Give what a worker that died, or the bindings in it, printed to stderr."""
        self._said.seek(0)
        words = " ".join(self._said.read().decode("utf-8", "replace").split())
        if len(words) > _WORDS_MAX:
            words = f"…{words[-_WORDS_MAX:]}"
        return words or f"the bindings ended with status {self._process.returncode}"


_READY: list[Question] = []


def get_ready() -> None:
    """Start the worker of the next question now, since it takes 0.1 s until it can be asked."""
    if not _READY and not SILENCE.lasts:
        _READY.append(Question())
        atexit.register(_drop)


def question() -> Question:
    """Give the worker that has been started, or start one."""
    return _READY.pop() if _READY else Question()


def _drop() -> None:
    for unused in _READY:
        with unused:
            pass
    _READY.clear()


def ask(request: Mapping[str, Any]) -> list[Answer]:
    """Put a request to a worker of its own; when the schedd has just been silent, nobody is asked."""
    if SILENCE.lasts:
        return [{"error": SILENCE.problem, "late": True}]
    with Question() as question:
        return question.put(request)


def problem_of(answers: Sequence[Answer]) -> str:
    """Give the first error among answers; empty when there is none."""
    return next((str(a["error"]) for a in answers if "error" in a), "")


def needed(answers: Sequence[Answer], key: str) -> Any:
    """Give the value of the first answer that has it. Raises RunnerUnavailable with what went wrong when none has."""
    for answer in answers:
        if key in answer:
            return answer[key]
    problem = problem_of(answers) or "it said nothing"
    raise RunnerUnavailable(f"HTCondor cannot be reached: {problem}", hint=_hint(answers))


def _hint(answers: Sequence[Answer]) -> str:
    if any(a.get("missing") for a in answers):
        return "pip install 'qanat[htcondor]'"
    config = os.environ.get("CONDOR_CONFIG", "ONLY_ENV")
    if config != "ONLY_ENV" and not Path(config).exists():
        return f"CONDOR_CONFIG names {config}, which is not there"
    return "see whether the pool is up: condor_q"
