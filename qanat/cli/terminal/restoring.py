"""Commands of git that restore what was deleted, or commit its deletion."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from qanat.usecases.project import Project


def restore(project: Project, commit: str, paths: Sequence[str]) -> str:
    """Return the git command that restores deleted files from the current directory."""
    return _command(project, "checkout", commit[:12], "--", *paths)


def commit(project: Project, paths: Sequence[str]) -> str:
    """Return the git command that commits the deletion of files."""
    return _command(project, "commit", "--", *paths)


def _command(project: Project, *arguments: str) -> str:
    there = [] if os.environ.get("PWD") == str(project.root) else ["-C", str(project.root)]
    return shlex.join(["git", *there, *arguments])
