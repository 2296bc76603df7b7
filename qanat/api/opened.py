"""What an open project in Python consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from qanat.runners.registry import Registry
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Opened:
    """A project, and where its runners come from.

    A notebook keeps both for days, so each call starts with fresh ones, as a command does: what they remember about
    settings, definitions and schedulers would become outdated.
    """

    opened: Project
    new_runners: Callable[[], Registry] = Registry

    @property
    def project(self) -> Project:
        """The project, with empty caches."""
        return replace(self.opened)

    @property
    def runners(self) -> Registry:
        """The runners, none of them loaded."""
        return self.new_runners()
