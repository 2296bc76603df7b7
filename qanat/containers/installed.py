"""Whether the program of an engine is installed here."""

from __future__ import annotations

import shutil

from qanat.errors import RunnerUnavailable


def is_installed(program: str) -> bool:
    """Return whether a program is on the PATH."""
    return shutil.which(program) is not None


def check_installed(program: str) -> None:
    """Raise RunnerUnavailable if a program is not on the PATH."""
    if not is_installed(program):
        raise RunnerUnavailable(
            f"{program} is not on PATH", hint=f"install {program}, or choose an image for another engine"
        )
