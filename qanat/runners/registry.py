"""Which runners there are."""

from __future__ import annotations

from qanat.errors import UsageError
from qanat.runners.local import LocalRunner

NAMES = ("local",)


def attached(name: str, slots: int) -> LocalRunner:
    """Give the runner of this name. Raises UsageError when there is none."""
    if name not in NAMES:
        raise UsageError(f"there is no runner {name!r}", hint=f"known are {', '.join(NAMES)}")
    return LocalRunner(slots)


def local() -> LocalRunner:
    """Give the runner that knows the processes of this machine."""
    return LocalRunner()
