"""A line on stderr that shows the progress of long work, on a terminal only."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sized
from typing import TypeVar

import click

# Short work shows nothing, and a line is redrawn a few times a second.
BEGIN_S, REDRAW_S = 1.0, 0.2
T = TypeVar("T")


def shown(items: Iterable[T], what: str) -> Iterable[T]:
    """Return the items; on a terminal, their number is shown as they are used, and removed at the end."""
    return counted(items, what, time.monotonic) if sys.stderr.isatty() else items


def counted(items: Iterable[T], what: str, clock: Callable[[], float]) -> Generator[T, None, None]:
    """Yield the items, and show how many were used once they have taken BEGIN_S."""
    next_s, is_drawn = clock() + BEGIN_S, False
    of_all = f" of {len(items):,}" if isinstance(items, Sized) else ""
    try:
        for done, item in enumerate(items):
            if clock() >= next_s:
                next_s, is_drawn = clock() + REDRAW_S, True
                _draw(f"{done:,}{of_all} {what}")
            yield item
    finally:
        if is_drawn:
            _draw("")


def _draw(line: str) -> None:
    with contextlib.suppress(OSError):  # a closed terminal does not end the work
        click.echo(f"\r\x1b[K{line}", err=True, nl=False, color=True)
