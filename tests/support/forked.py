"""A forked process that tests handle like one that subprocess.Popen has started."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from tests.support.fork_server import NUMBER


class Forked(subprocess.Popen[str]):
    """A forked process with pipes for stdout and stderr, which are read as text.

    What the standard library's class asks the system about its own child, this one asks the server of forks.
    """

    def __init__(self, words: Sequence[str], talk: socket.socket, stdout: int, stderr: int) -> None:  # not super's
        self._talk = talk
        self._one_thread = threading.Lock()
        self._child_created = True
        self._input = None
        self._communication_started = False
        self._sigint_wait_secs = 0.25
        self.args = list(words)
        self.text_mode = True
        self.stdin = None
        self.stdout = os.fdopen(stdout)
        self.stderr = os.fdopen(stderr)
        self.returncode: Any = None
        self.pid = self._number()

    def _number(self) -> int:
        number: int = NUMBER.unpack(self._talk.recv(NUMBER.size))[0]
        return number

    def _internal_poll(self, _deadstate: int | None = None) -> int | None:
        return self._ended(0)

    def _wait(self, timeout: float | None) -> int:
        ended = self._ended(timeout)
        if ended is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return ended

    def _ended(self, timeout: float | None) -> int | None:
        """Return the exit code once the server has reported it; None if it has not in this time."""
        with self._one_thread:
            if self.returncode is None and select.select([self._talk], [], [], timeout)[0]:
                self.returncode = self._number()
                self._talk.close()
            code: int | None = self.returncode
            return code
