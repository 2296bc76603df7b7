"""Showing the progress of work that may take long and that nobody asked for, such as a rebuild of the index.

Only a command has a terminal to show it on; for everyone else, such work is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")


class Show(Protocol):
    """Yields items, and shows how many have been dealt with, `what` being their name."""

    def __call__(self, items: Iterable[T], what: str) -> Iterable[T]: ...


_SHOW: ContextVar[Show | None] = ContextVar("show", default=None)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let this show the progress of what is done meanwhile."""
    token = _SHOW.set(show)
    try:
        yield
    finally:
        _SHOW.reset(token)


def tracked(items: Iterable[T], what: str) -> Iterable[T]:
    """Return items to be dealt with one after the other, whose progress is shown if anyone does that."""
    show = _SHOW.get()
    return show(items, what) if show else items
