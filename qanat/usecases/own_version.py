"""Which qanat this is."""

from __future__ import annotations

import re
from pathlib import Path

from qanat import __version__
from qanat.git import own_checkout

_ROOT = Path(__file__).resolve().parents[2]
_OWN_NAME = re.compile(r'^name = "qanat"$', re.MULTILINE)


def own_version(root: Path = _ROOT) -> str:
    """Return the version; in a git checkout of qanat with its commit: `0.2.0 (commit 26d71584a2, modified)`."""
    found = own_checkout.commit_at(root) if _is_checkout(root) else None
    if found is None:
        return __version__
    commit, is_modified = found
    return f"{__version__} (commit {commit[:10]}{', modified' if is_modified else ''})"


def _is_checkout(root: Path) -> bool:
    """Return whether a folder is a checkout of qanat, and not a repository in which qanat was installed or copied."""
    try:
        return (root / ".git").exists() and _OWN_NAME.search((root / "pyproject.toml").read_text("utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False
