"""Storage directories that records name: they keep away from the project's own files and from each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from qanat.domain import storage_rules
from qanat.domain.shortening import quoted
from qanat.domain.storage_rules import Grounds
from qanat.domain.stored import Stored
from qanat.errors import InputInvalid
from qanat.git import tracked
from qanat.records.index import Index
from qanat.usecases.project import Project


class Storages:
    """The storage directories of all runs in the working tree, to compare those of some runs with."""

    def __init__(self, project: Project, index: Index) -> None:
        self._project, self._index = project, index

    def problems(self, run: Stored) -> Iterator[str]:
        """Yield what is wrong with the storage directory in a record."""
        written = PurePosixPath(run.storage)
        if ".." in written.parts:
            yield f"{quoted(run.storage)} leaves its folder with '..'"
            return
        folder = self._whole(run.storage)
        if problem := storage_rules.problem_of(folder, self._grounds):
            yield f"{quoted(run.storage)} {problem}"
            return
        if file := self._tracked.get(folder):
            yield f"{quoted(run.storage)} contains {file}, which git tracks"
        if other := self._conflict(run, folder):
            yield f"{quoted(run.storage)} {other}"

    def _conflict(self, run: Stored, folder: Path) -> str:
        """Return how a storage directory conflicts with that of another run."""
        # Runs of two clones may have the same number, and then the same directory in each of them.
        for other in self._by_folder.get(folder, []):
            if other != run.id and other.partition("-")[0] != str(run.number):
                return f"is also the storage directory of run {other}"
        for parent in folder.parents:
            if others := [i for i in self._by_folder.get(parent, []) if i != run.id]:
                return f"lies in the storage directory of run {others[0]}"
        if others := [i for i in self._by_parent.get(folder, []) if i != run.id]:
            return f"contains the storage directory of run {others[0]}"
        return ""

    @cached_property
    def _all(self) -> list[tuple[str, Path]]:
        self._index.sync()
        return [(run_id, self._whole(storage)) for run_id, storage in self._index.storages()]

    @cached_property
    def _by_folder(self) -> dict[Path, list[str]]:
        found: dict[Path, list[str]] = {}
        for run_id, folder in self._all:
            found.setdefault(folder, []).append(run_id)
        return found

    @cached_property
    def _by_parent(self) -> dict[Path, list[str]]:
        """Map each folder to the first two runs with a storage directory anywhere in it."""
        found: dict[Path, list[str]] = {}
        for run_id, folder in self._all:
            for parent in folder.parents:
                known = found.setdefault(parent, [])
                if len(known) < 2:
                    known.append(run_id)
        return found

    @cached_property
    def _tracked(self) -> dict[Path, str]:
        return tracked.files_in(self._project.location, [folder for _, folder in self._all])

    @cached_property
    def _grounds(self) -> Grounds:
        root = self._project.root
        try:
            results = root / self._project.config.result_dir
        except InputInvalid:
            results = root / "results"
        home = os.path.expanduser("~")  # noqa: PTH111  # Path.expanduser raises without a home
        return Grounds(root, results, Path(home))

    def _whole(self, storage: str) -> Path:
        return Path(os.path.normpath(self._project.root / storage))
