"""Writing the files of `.qanat/environments/`, and committing them with the records that name them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from qanat.domain.layout import RUNS
from qanat.errors import InputInvalid
from qanat.records import environments
from qanat.records.environments import Described
from qanat.system import below
from qanat.usecases.project import Project


@dataclass(slots=True)
class Kept:
    """A file for the working tree, with a copy in the private folder; `is_new` says that write() has created it."""

    file: Described
    is_new: bool = False

    def write(self, project: Project) -> None:
        """Write the file unless it is there. Raises WriteFailed."""
        environments.keep_copy(project.location.private, self.file, project.sharing)
        if not os.path.lexists(project.root / self.file.path):
            project.write(project.root / self.file.path, self.file.data)
            self.is_new = True

    def take_back(self, project: Project) -> None:
        """Remove the file if it is new; a run that has begun meanwhile commits it from the copy."""
        if self.is_new:
            project.remove(project.root / self.file.path)
            self.is_new = False


def with_named(project: Project, content: Mapping[str, bytes | None], *, checked_out: bool) -> dict[str, bytes | None]:
    """Return files to be committed with the environments and machines that the records among them name.

    What the working tree lacks is taken from its copy and, if the branch is `checked_out`, written again.
    What is nowhere is left out, and so is a file in whose place a clone has brought a folder.
    """
    found = dict(content)
    records = [data for path, data in content.items() if data is not None and path.startswith(f"{RUNS}/")]
    for path in dict.fromkeys(path for data in records for path in environments.named_in(data)):
        if os.path.isdir(project.root / path):  # noqa: PTH112  # Path.is_dir may raise
            continue
        data = _intact(project, path)
        if data is None and (data := environments.copy_of(project.location.private, path)) is not None and checked_out:
            project.write(project.root / path, data)
        if data is not None:
            found[path] = data
    return found


def _intact(project: Project, path: str) -> bytes | None:
    """Return a file of the working tree that has the bytes that its name says; None if there is none."""
    try:
        data = below.read(project.root, path, environments.BYTES_MAX)
    except InputInvalid:
        return None
    return data if environments.is_intact(path, data) else None
