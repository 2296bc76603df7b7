"""The signals of this process while jobs run: they wake the watching loop, and interrupt it instead of this process."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Self

# What an interrupt sends to the jobs.
STOPPING = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM}


class Signals:
    """Wakes the watching loop when a child ends or the run is to stop, and remembers which signals came.

    Python has signals handled in the main thread only. In another thread they are left alone: the loop wakes by
    itself, and only a call of stop() interrupts it.
    """

    def __init__(self) -> None:
        self.first: int | None = None
        self.count = 0
        self._read, self._write = -1, -1
        self._handles = False
        self._old_wakeup = -1
        self._old_handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._handles = threading.current_thread() is threading.main_thread()
        if self._handles:
            self._old_wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
            for number, handler in {signal.SIGCHLD: _ignore, **dict.fromkeys(STOPPING, self._handle)}.items():
                # nohup's SIGHUP stays ignored; a handler that is not Python's (None) could not be put back.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._old_handlers[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handles:
            for number, handler in self._old_handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]
            signal.set_wakeup_fd(self._old_wakeup)
        os.close(self._read)
        os.close(self._write)

    def stop(self, number: int) -> None:
        """Act as if this process had received a signal."""
        self.first = self.first or number
        self.count += 1

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.stop(number)

    def wait(self, seconds: float) -> None:
        """Return at the next signal or after some seconds."""
        import select

        waiting = select.poll()
        waiting.register(self._read, select.POLLIN)
        if waiting.poll(seconds * 1000):
            while True:
                try:
                    os.read(self._read, 4096)
                except BlockingIOError:
                    return


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGCHLD, which only needs to wake the loop."""
