"""Copies of a project that is built once: copying takes a tenth of the time of building."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.sandbox import Sandbox


def copy_of(sandbox: Sandbox, folder: Path) -> Sandbox:
    """Copy a project, with everything beside it, into a new folder."""
    shutil.copytree(sandbox.root.parent, folder, symlinks=True)
    return Sandbox(folder / sandbox.root.name)
