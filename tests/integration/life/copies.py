"""Copies of a project that was built once: copying takes a tenth of the time that building takes."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.sandbox import Sandbox


def copy_of(sandbox: Sandbox, folder: Path) -> Sandbox:
    """Copy a project, with all that lies beside it, into a new folder."""
    shutil.copytree(sandbox.root.parent, folder, symlinks=True)
    return Sandbox(folder / sandbox.root.name)
