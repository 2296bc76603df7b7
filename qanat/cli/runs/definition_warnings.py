"""Warnings of experiments whose definitions cannot be read by commands that use what these say about numbers."""

from __future__ import annotations

from collections.abc import Iterable

from qanat.cli.terminal.output import tell
from qanat.usecases.project import Project
from qanat.usecases.runs.experiments import unreadable


def warn_of_unreadable(project: Project, experiments: Iterable[str]) -> None:
    """Print a warning for each of these experiments whose definition is invalid."""
    for problem in unreadable(project, experiments):
        tell(f"warning: {problem}")
