"""Records that a test writes in qanat's name, as a qanat that was killed would have left them."""

from __future__ import annotations

import shutil
from pathlib import Path

from qanat.records import own_copies


def let_qanat_have_written(file: Path) -> None:
    """Make the current text of a record what qanat wrote last."""
    private = file.parents[4] / ".git/qanat"
    copy = own_copies.file_of(private, file.stem)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, copy)
