"""The terminal's second screen, which leaves no trace on the first."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Self

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _CLEAR, _TO_LINE_END, _TO_END = "\x1b[H", "\x1b[2J", "\x1b[K", "\x1b[J"
_QUIT_KEYS = b"qQ\x03\x04"
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Screen:
    """The second screen, with keys taken as they are pressed; use it in a `with` block.

    Both are put back at its end, also while the program is stopped with Ctrl-Z and when a signal ends it.
    Ctrl-C leaves the block as q does.
    """

    def __enter__(self) -> Self:
        import termios

        self._settings = termios.tcgetattr(sys.stdin)
        self._drawn_size: tuple[int, int] | None = None
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._wake_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        handlers: dict[int, Any] = {number: self._end for number in _ENDING}
        handlers |= {signal.SIGTSTP: self._stop, signal.SIGWINCH: lambda *_: None}
        self._handlers = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._close()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wake_before)
        os.close(self._woken)
        os.close(self._wake)
        return kind is KeyboardInterrupt

    def size(self) -> tuple[int, int]:
        """Return the columns and rows that there are now; COLUMNS and LINES would not follow a change."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return columns or 80, rows or 24

    def draw(self, lines: Sequence[str], size: tuple[int, int]) -> None:
        """Show lines, which fit a screen of this size, in place of what is there."""
        clear = "" if size == self._drawn_size else _CLEAR
        _write(clear + _HOME + "\n".join(line + _TO_LINE_END for line in lines) + _TO_END)
        self._drawn_size = size

    def wait_for_quit(self, seconds: float) -> bool:
        """Wait for a time, a change of size, or a key; return whether the key was q."""
        ready, _, _ = select.select([sys.stdin, self._woken], [], [], max(0.0, seconds))
        if self._woken in ready:
            os.read(self._woken, 1024)
        if sys.stdin not in ready:
            return False
        try:
            keys = os.read(sys.stdin.fileno(), 1024)  # read() would hold back keys that select() then does not see
        except OSError:  # the terminal is gone
            return True
        return not keys or any(key in _QUIT_KEYS for key in keys)

    def _open(self) -> None:
        import tty

        tty.setcbreak(sys.stdin)
        _write(_ENTER)
        self._drawn_size = None

    def _close(self) -> None:
        import termios

        # The terminal may be gone.
        with contextlib.suppress(OSError, termios.error):
            _write(_LEAVE)
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._settings)

    def _end(self, number: int, _: FrameType | None) -> None:
        """End as the signal asks, on the first screen."""
        self._close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _stop(self, number: int, _: FrameType | None) -> None:
        """Stop on the first screen, and return to the second one when continued."""
        self._close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._stop)
        self._open()


def _write(text: str) -> None:
    """Write to the terminal at once: a signal may come, whose handler could not use a buffer that is in use."""
    unsent = text.encode(sys.stdout.encoding, sys.stdout.errors or "strict")
    while unsent:
        unsent = unsent[os.write(sys.stdout.fileno(), unsent) :]
