"""Proposing the definition of a dataset from its data."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.domain.names import made_name
from qanat.usecases.project import Project


def proposed(project: Project, data: Path) -> dict[str, str]:
    """Return the definition of a dataset at a path, which counts from the current directory.

    The dataset is called as the last part of the path; the path is relative inside the project, absolute elsewhere.
    """
    path = Path(os.path.abspath(data))  # noqa: PTH100  # resolve() follows links
    inside = path.relative_to(project.root) if path.is_relative_to(project.root) else path
    return {"name": made_name(path.name if path.is_dir() else path.stem, "data"), "path": str(inside)}
