"""Where a run works: in the project itself, or in a checkout of its commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.data_paths import located
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run works: `folder` is the program's working directory, `datasets` map names to absolute paths or URLs.

    `inputs` are paths relative to the root, named in the arguments, that a checkout has as links into the project.
    """

    folder: Path
    datasets: dict[str, str]
    inputs: tuple[str, ...] = ()


def in_project(project: Project, datasets: Mapping[str, str]) -> Workplace:
    """Return the project itself as the place to work."""
    return Workplace(project.root, {name: located(project.root, path) for name, path in datasets.items()})
