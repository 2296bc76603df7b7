"""The project's settings as a file that the user edits."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.errors import InputInvalid
from qanat.system import files
from qanat.usecases.definitions.define import read_input
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project


def text(project: Project) -> bytes:
    """Return the text of the settings."""
    return project.read(project.paths.config, DEFINITION_BYTES_MAX)


def check(draft: Path) -> None:
    """Raise InputInvalid if a draft of the settings is not valid."""
    try:
        read_input("config", draft)
    except InputInvalid as error:
        raise InputInvalid(error.message.replace(str(draft), "config.yaml"), hint="") from None


def replace(project: Project, draft: Path) -> str:
    """Replace the settings by a valid draft; return the path written, relative to the project's root."""
    check(draft)
    project.write(project.paths.config, files.read(draft))
    return project.paths.relative(project.paths.config)


def editor(project: Project) -> str:
    """Return the user's editor ($VISUAL or $EDITOR), else the project's, else vi; it may have arguments.

    The user's choice comes first, since the settings may be somebody else's.
    """
    if own := os.environ.get("VISUAL") or os.environ.get("EDITOR"):
        return own
    try:
        return project.config.editor or "vi"
    except InputInvalid:
        # The editor may be needed to repair the settings.
        return "vi"
