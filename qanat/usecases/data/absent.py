"""Datasets whose data this machine does not have, as in a fresh clone: git does not bring them."""

from __future__ import annotations

from collections.abc import Collection

from qanat.domain.data_paths import located
from qanat.errors import InputInvalid, NotFound
from qanat.git.clones import why_not_in_clones
from qanat.usecases.data.definitions import is_missing
from qanat.usecases.project import Project


def warnings(project: Project, paths: Collection[str] | None) -> list[str]:
    """List the datasets in these files (None: all) whose data are not here, and are not in git either."""
    found = []
    for name in project.names("dataset"):
        if paths is not None and project.paths.relative(project.paths.definition("dataset", name)) not in paths:
            continue
        try:
            dataset = project.dataset(name)
        except (InputInvalid, NotFound):  # broken files are reported elsewhere
            continue
        if is_missing(dataset, located(project.root, dataset.path)) and (
            why := why_not_in_clones(project.location, dataset.path)
        ):
            what = f"dataset {name}: {dataset.path} does not exist here, and {why}, so it is not part of a clone"
            found.append(f"{what}; copy it there, or: qanat dataset update {name} --path PATH")
    return found
