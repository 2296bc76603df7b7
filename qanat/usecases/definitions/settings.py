"""The project's settings as a file that the user edits."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.splitting import split
from qanat.errors import InputInvalid
from qanat.git import config
from qanat.git.location import Location
from qanat.system import files
from qanat.usecases.definitions.define import read_input
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project

FALLBACK = "vi"


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


@dataclass(frozen=True, slots=True)
class Editor:
    """The command of an editor, which may have arguments, and whether it is the user's own choice."""

    command: str
    is_own: bool


def editor(project: Project) -> Editor:
    """Return the editor to use: $VISUAL, $EDITOR or git's core.editor, else the project's, else vi.

    The settings of a project may be somebody else's: the editor that they name is the user's own choice only if it is
    the one that `qanat init` was told, or the one that was confirmed since.
    """
    own = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _editor_of_git(project)
    if own:
        return Editor(own, is_own=True)
    try:
        named = project.config.editor
    except InputInvalid:  # the editor may be needed to repair the settings
        named = ""
    return Editor(named or FALLBACK, is_own=named in ("", FALLBACK, _confirmed(project.location)))


def is_installed(command: str) -> bool:
    """Return whether the program of an editor's command is on this machine."""
    try:
        return bool(shutil.which(split(command)[0]))
    except (ValueError, IndexError):  # an open quote, or nothing
        return False


def confirm_editor(location: Location, command: str) -> None:
    """Remember an editor that the user chose for this project, where no clone and no other user changes it."""
    files.write(_confirmation(location), command.encode("utf-8", "surrogateescape"))


def _editor_of_git(project: Project) -> str:
    return config.get(project.location, "core.editor").strip()


def _confirmed(location: Location) -> str:
    path = _confirmation(location)
    try:
        return path.read_text(errors="surrogateescape") if path.lstat().st_uid == os.getuid() else ""
    except OSError:
        return ""


def _confirmation(location: Location) -> Path:
    return location.private / f"editor-{os.getuid()}"
