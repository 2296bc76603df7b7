"""The clock that use cases ask, so that everything that depends on time can be tested with a clock the test moves."""

from __future__ import annotations

import time
from typing import Protocol

from qanat.domain import times


class Clock(Protocol):
    """The current time, and a way to wait."""

    def now(self) -> str:
        """Return the current time as records have it (domain.times), to the second."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences are meaningful."""

    def sleep(self, seconds: float) -> None:
        """Return after some seconds."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> str:
        """Return the current time, to the second."""
        return times.now()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after some seconds."""
        time.sleep(seconds)


SYSTEM_CLOCK = SystemClock()
