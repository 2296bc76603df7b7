"""Packages that only some commands need."""

from __future__ import annotations

from qanat.errors import PackageMissing
from qanat.system import installation


def missing(what: str, package: str, *, extra: str = "") -> PackageMissing:
    """Return the error that something requires a package, with the command that installs it or an extra with it."""
    hint = installation.to_add(extra) if extra else installation.to_install(package)
    return PackageMissing(f"{what} {package}", hint=hint)
