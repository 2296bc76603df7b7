"""The project's settings as a file that a person edits."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.errors import InputInvalid
from qanat.system import files
from qanat.usecases.definitions.define import read_input
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project


def text(project: Project) -> bytes:
    """Give the settings as they are written."""
    return files.read(project.paths.config, limit_bytes=DEFINITION_BYTES_MAX)


def check(draft: Path) -> None:
    """Raise InputInvalid when a draft of the settings is not valid."""
    try:
        read_input("config", draft)
    except InputInvalid as error:
        raise InputInvalid(error.message.replace(str(draft), "config.yaml"), hint="") from None


def replace(project: Project, draft: Path) -> str:
    """Take a valid draft over; give the path that was written, from the project's root."""
    check(draft)
    files.write(project.paths.config, files.read(draft))
    return project.paths.relative(project.paths.config)


def editor(project: Project) -> str:
    """Choose the editor: $VISUAL or $EDITOR of whoever sits there, then the project's, then vi; it may have arguments.

    What the user says comes first, since the settings may have come from somebody else.
    """
    if own := os.environ.get("VISUAL") or os.environ.get("EDITOR"):
        return own
    try:
        return project.config.editor or "vi"
    except InputInvalid:
        # Broken settings are what the editor is wanted for.
        return "vi"
