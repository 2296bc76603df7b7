"""The LaTeX package with the commands of references, qanat.sty, which is copied beside a text."""

from __future__ import annotations

from pathlib import Path

from qanat.domain.latex_references import STYLE
from qanat.errors import UsageError
from qanat.system import below
from qanat.usecases.project import Project

_FILE = Path(__file__).parents[2] / "latex" / STYLE


def copy(project: Project, folder: str, *, force: bool = False) -> tuple[str, bool]:
    """Copy qanat.sty into a folder of the project, and return its path and whether it is new or changed.

    Raises UsageError if the folder has another file of this name, and the errors of below.write().
    """
    path = f"{folder}/{STYLE}" if folder not in ("", ".") else STYLE
    data = _FILE.read_bytes()
    before = below.read(project.root, path) if below.has_file(project.root, path) else None
    if before == data:
        return path, False
    if before is not None and not force:
        raise UsageError(f"{path} is another version of this file", hint="replace it with: --force")
    below.write(project.root, path, data, sharing=project.sharing)
    return path, True


def is_beside(project: Project, folder: str) -> bool:
    """Return whether a folder has a copy."""
    return project.has_file(project.root / folder / STYLE)
