"""A user at a terminal: the real program in a real pseudo-terminal, driven by keys and read as a person reads."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.forks import FORKS, AtTerminal
from tests.support.sandbox import PROGRAM

SIZE = (120, 40)
TIMEOUT_S = 60.0
# How long a program has to end by itself when its terminal is closed.
HANG_UP_S = 1.0
ENTER, DOWN, UP, SPACE, CTRL_C, CTRL_D, ESCAPE = "\r", "\x1b[B", "\x1b[A", " ", "\x03", "\x04", "\x1b"
HOME, END, BACKSPACE = "\x1b[H", "\x1b[F", "\x7f"
CTRL_U = "\x15"
# The place of the local modes among what termios.tcgetattr() returns.
LOCAL_MODES = 3

# Control sequences (ECMA-48: CSI and OSC), and the other escapes that terminals understand.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")


def without_escapes(text: str) -> str:
    """Return a text without what steers the terminal."""
    return _ESCAPES.sub("", text)


class Terminal:
    """A command running in a terminal of `size` columns and rows; use it in a `with` block.

    `before` are the terminal's settings before the command was started. It runs in a fork if possible, unless it is to
    be `real`. If `mute`, what it writes to stderr is not shown.
    """

    def __init__(
        self,
        cwd: Path,
        *words: str,
        env: dict[str, str] | None = None,
        size: tuple[int, int] = SIZE,
        program: Sequence[str] = PROGRAM,
        real: bool = False,
        mute: bool = False,
    ) -> None:
        # prompt_toolkit would ask the terminal for the cursor's position, and nothing here would answer.
        own = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **(env or {})}
        # These two would override the size of this terminal.
        surroundings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | own
        self.raw = ""
        self._read_until = 0
        command = [*program, *words]
        self._screen, theirs = os.openpty()
        self.resize(*size)
        settings = termios.tcgetattr(theirs)
        settings[LOCAL_MODES] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
        self.before = self.settings()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._process: AtTerminal | subprocess.Popen[bytes]
        streams = theirs, os.dup(theirs), os.open(os.devnull, os.O_WRONLY) if mute else os.dup(theirs)
        if FORKS.can_run(command, surroundings) and not real:
            self._process = FORKS.start(command, cwd=cwd, env=surroundings, streams=streams)
        else:
            self._process = _started(command, cwd, surroundings, streams)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        deadline = time.monotonic() + HANG_UP_S
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if self._process.poll() is None:
            self.signal(signal.SIGKILL)
            self._process.wait()

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
        unsent = "".join(keys).encode()
        while unsent:
            unsent = unsent[os.write(self._screen, unsent) :]

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, then type the answer and Enter."""
        self.see(question)
        self.press(*keys, ENTER)

    def resize(self, columns: int, rows: int) -> None:
        """Resize the terminal, and notify the program."""
        termios.tcsetwinsize(self._screen, (rows, columns))

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self._process.pid, number)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition while taking what the program writes."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"the condition did not come true: {self._news}"
            self._pump()

    def hang_up(self) -> int:
        """Take the terminal away from the program, wait for its end, and return the signal that ended it."""
        self._close()
        return -self._process.wait()

    def ends_by(self, number: int) -> None:
        """Wait for the end, which must be by a signal."""
        assert self._end() == -number, self._news

    def settings(self) -> list[Any]:
        """Return the terminal's settings: whether it echoes, passes keys on one by one, and so on."""
        return termios.tcgetattr(self._screen)

    def ends(self, code: int = 0) -> str:
        """Wait for the end and check the exit code. Return what was shown after what was already read."""
        ended_with = self._end()
        assert ended_with == code, f"it ended with {ended_with}: {self._news}"
        assert "Traceback" not in self.text, self.text
        return self.text[self._read_until :]

    def ends_after(self, key: str, codes: tuple[int, ...] = (0, 1, 2, 3)) -> None:
        """Press a key whenever no more output comes, until the program ends with one of these codes."""
        ended_with = self._end(key)
        assert ended_with in codes, f"it ended with {ended_with}: {self._news}"
        assert "Traceback" not in self.text, self.text

    def _end(self, key: str = "") -> int:
        """Take what the program writes until it ends, pressing a key when nothing comes; return how it has ended."""
        deadline = time.monotonic() + TIMEOUT_S
        shown = -1
        while self._pump():
            assert time.monotonic() < deadline, f"it does not end: {self._news}"
            if shown == len(self.raw) and key:
                self.press(key)
            shown = len(self.raw)
        return self._process.wait()

    @property
    def _news(self) -> str:
        """The end of what was shown since the last text that was waited for."""
        return self.text[self._read_until :][-3000:]

    def _pump(self) -> bool:
        """Read what the program has written, waiting briefly for it; return False once it has ended."""
        ended = self._process.poll() is not None
        if select.select([self._screen], [], [], 0 if ended else 0.1)[0]:
            data = self._read()
            self.raw += self._decoder.decode(data)
            return bool(data)
        return not ended

    def _read(self) -> bytes:
        """Return what there is to read; nothing if no process has the terminal open any more."""
        try:
            return os.read(self._screen, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""

    def _close(self) -> None:
        if self._screen >= 0:
            os.close(self._screen)
            self._screen = -1


def _started(
    command: Sequence[str], cwd: Path, env: dict[str, str], streams: tuple[int, int, int]
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own at the terminal that is its stdin. Closes the streams here."""
    stdin, stdout, stderr = streams
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later warn about forking with other threads, as in pytest-xdist; this fork execs at once.
            warnings.simplefilter("ignore", DeprecationWarning)
            return subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            )
    finally:
        for stream in streams:
            os.close(stream)
