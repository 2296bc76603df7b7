"""A line of text that shows the progress of a run, redrawn in a notebook or a terminal."""

from __future__ import annotations

import sys
import time

from qanat.api.progress import Progress

REDRAW_S = 0.2
BAR = 20


class ProgressLine:
    """Writes one line to stdout, over itself, as `on_progress` of a run."""

    def __init__(self) -> None:
        self._next = 0.0
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Redraw the line, at most a few times a second; the first and the last time always."""
        now = time.monotonic()
        if now < self._next and progress.ended < progress.groups:
            return
        self._next = now + REDRAW_S
        text = _line(progress)
        # Spaces erase what a longer line has left: not every notebook knows escape sequences.
        sys.stdout.write(f"\r{text.ljust(self._width)}")
        sys.stdout.flush()
        self._width = len(text)

    def close(self) -> None:
        """End the line, if there is one."""
        if self._width:
            sys.stdout.write("\n")
            sys.stdout.flush()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _line(progress: Progress) -> str:
    done = BAR * progress.ended // progress.groups
    others = (f"{count:,} {state}" for state, count in progress.counts.items() if state != "finished")
    counts = ", ".join((f"{progress.ended:,}/{progress.groups:,} ended", *others))
    return f"run {progress.run.partition('-')[0]}: {'█' * done}{'░' * (BAR - done)} {counts}"
