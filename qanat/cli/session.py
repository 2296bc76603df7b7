"""What one command keeps until its end: the runners that it has loaded, and the notes that it has shown."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from qanat.runners.registry import Registry


class Session:
    """What belongs to one call of `qanat`."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    @cached_property
    def runners(self) -> Registry:
        """The runners, each loaded once."""
        from qanat.runners.registry import Registry

        return Registry()


def current() -> Session:
    """Return the session of the command that is being run."""
    return click.get_current_context().find_root().ensure_object(Session)


def runners() -> Registry:
    """Return the runners of the command that is being run."""
    return current().runners
