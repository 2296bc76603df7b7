"""What a project that is open in Python rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from qanat.runners.registry import Registry
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Opened:
    """A project, and where its runners come from.

    A notebook keeps both for days, so each call begins with fresh ones, as a command does: what they remember of
    settings, definitions and schedulers would grow old.
    """

    opened: Project
    new_runners: Callable[[], Registry] = Registry

    @property
    def project(self) -> Project:
        """The project, with nothing remembered."""
        return replace(self.opened)

    @property
    def runners(self) -> Registry:
        """The runners, none of them loaded."""
        return self.new_runners()
