"""A scheduler that does not answer is not waited for again and again by one command."""

from __future__ import annotations

import time

# How long a scheduler is left alone after it did not answer.
SILENT_S = 10.0


class Silence:
    """Remembers for SILENT_S that a scheduler did not answer, and the error."""

    def __init__(self) -> None:
        self._until = 0.0
        self.problem = ""
        self.hint = ""

    def begins(self, problem: str, hint: str = "") -> None:
        """Note that the scheduler did not answer."""
        self._until, self.problem, self.hint = time.monotonic() + SILENT_S, problem, hint

    @property
    def lasts(self) -> bool:
        """Whether the scheduler did not answer when it was last asked, less than SILENT_S ago."""
        return time.monotonic() < self._until
