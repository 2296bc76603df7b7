"""A user at a terminal: the real program in a real pseudo-terminal, driven by keys and read as a person reads."""

from __future__ import annotations

import os
import re
import termios
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect

from tests.support.sandbox import PROGRAM

SIZE = (120, 40)
TIMEOUT_S = 30.0
ENTER, DOWN, UP, SPACE, CTRL_C, CTRL_D, ESCAPE = "\r", "\x1b[B", "\x1b[A", " ", "\x03", "\x04", "\x1b"
HOME, END, BACKSPACE = "\x1b[H", "\x1b[F", "\x7f"
CTRL_U = "\x15"

# Control sequences (ECMA-48: CSI and OSC), and the other escapes that terminals understand.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")


def without_escapes(text: str) -> str:
    """Return a text without what steers the terminal."""
    return _ESCAPES.sub("", text)


class Terminal:
    """A command running in a terminal of `size` columns and rows; use it in a `with` block."""

    def __init__(
        self,
        cwd: Path,
        *words: str,
        env: dict[str, str] | None = None,
        size: tuple[int, int] = SIZE,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        # prompt_toolkit would ask the terminal for the cursor's position, and nothing here would answer.
        own = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **(env or {})}
        # These two would override the size of this terminal.
        surroundings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | own
        self.raw = ""
        self._read_until = 0
        with warnings.catch_warnings():
            # Python 3.12 and later warn about forking with other threads, as in pytest-xdist; this fork execs at once.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process = pexpect.spawn(
                program[0],
                [*program[1:], *words],
                cwd=str(cwd),
                env=surroundings,
                dimensions=(size[1], size[0]),
                encoding="utf-8",
                echo=False,
            )
        self._process.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close(force=True)

    @property
    def text(self) -> str:
        """Everything shown so far, without control sequences."""
        return without_escapes(self.raw)

    def see(self, text: str) -> str:
        """Wait until text appears after what was already read, and return what came before it."""
        deadline = time.monotonic() + TIMEOUT_S
        while (place := self.text.find(text, self._read_until)) < 0:
            assert time.monotonic() < deadline, f"{text!r} did not appear: {self._news}"
            assert self._pump(), f"it ended, and {text!r} did not appear: {self._news}"
        before = self.text[self._read_until : place]
        self._read_until = place + len(text)
        return before

    def press(self, *keys: str) -> None:
        """Press keys, or type text."""
        self._process.send("".join(keys))

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, then type the answer and Enter."""
        self.see(question)
        self.press(*keys, ENTER)

    def resize(self, columns: int, rows: int) -> None:
        """Resize the terminal, and notify the program."""
        self._process.setwinsize(rows, columns)

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self._process.pid, number)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition while taking what the program writes."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"the condition did not come true: {self._news}"
            self._pump()

    def hang_up(self) -> int | None:
        """Take the terminal away from the program, wait for its end, and return the signal that ended it."""
        self._process.ptyproc.fileobj.close()
        self._process.closed = self._process.ptyproc.closed = True
        self._process.wait()
        signal: int | None = self._process.signalstatus
        return signal

    def ends_by(self, number: int) -> None:
        """Wait for the end, which must be by a signal."""
        deadline = time.monotonic() + TIMEOUT_S
        while self._pump():
            assert time.monotonic() < deadline, f"it does not end: {self._news}"
        self._process.wait()
        assert (self._process.exitstatus, self._process.signalstatus) == (None, number), self._news

    def settings(self) -> list[Any]:
        """Return the terminal's settings: whether it echoes, passes keys on one by one, and so on."""
        return termios.tcgetattr(self._process.child_fd)

    def ends(self, code: int = 0) -> str:
        """Wait for the end and check the exit code. Return what was shown after what was already read."""
        deadline = time.monotonic() + TIMEOUT_S
        while self._pump():
            assert time.monotonic() < deadline, f"it does not end: {self._news}"
        self._process.wait()
        ended_with = self._process.exitstatus, self._process.signalstatus
        assert ended_with == (code, None), f"it ended with {ended_with}: {self._news}"
        assert "Traceback" not in self.text, self.text
        return self.text[self._read_until :]

    def ends_after(self, key: str, codes: tuple[int, ...] = (0, 1, 2, 3)) -> None:
        """Press a key whenever no more output comes, until the program ends with one of these codes."""
        deadline = time.monotonic() + TIMEOUT_S
        shown = -1
        while self._pump():
            assert time.monotonic() < deadline, f"it does not end: {self._news}"
            if shown == len(self.raw):
                self.press(key)
            shown = len(self.raw)
        self._process.wait()
        assert self._process.exitstatus in codes, f"it ended with {self._process.exitstatus}: {self._news}"
        assert "Traceback" not in self.text, self.text

    @property
    def _news(self) -> str:
        """The end of what was shown since the last text that was waited for."""
        return self.text[self._read_until :][-3000:]

    def _pump(self) -> bool:
        """Read what the program has written, waiting briefly for it; return False once it has ended."""
        try:
            self.raw += self._process.read_nonblocking(4096, timeout=0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True
