"""Storage directories that records name: they keep away from the project's own files and from each other."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from qanat.domain import storage_rules
from qanat.domain.layout import RECORDED
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
        if file := self._tracked_in(folder):
            yield f"{quoted(run.storage)} contains {file}, which git tracks"
        if other := self._conflict(run, folder):
            yield f"{quoted(run.storage)} {other}"

    def _conflict(self, run: Stored, folder: Path) -> str:
        """Return how a storage directory conflicts with that of another run."""
        # Runs of two clones may have the same number, and then the same directory in each of them.
        for other in self._by_folder.get(str(folder), []):
            if other != run.id and other.partition("-")[0] != str(run.number):
                return f"is also the storage directory of run {other}"
        for parent in folder.parents:
            if others := [i for i in self._by_folder.get(str(parent), []) if i != run.id]:
                return f"lies in the storage directory of run {others[0]}"
        for inner in _below(f"{folder}/", self._folders):
            if others := [i for i in self._by_folder[inner] if i != run.id]:
                return f"contains the storage directory of run {others[0]}"
        return ""

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        self._index.sync_once()
        root = str(self._project.root)
        for run_id, storage in self._index.storages():
            found.setdefault(os.path.normpath(os.path.join(root, storage)), []).append(run_id)  # noqa: PTH118  # of all runs
        return found

    @cached_property
    def _folders(self) -> list[str]:
        return sorted(self._by_folder)

    @cached_property
    def _tracked(self) -> list[str]:
        return sorted(tracked.outside(self._project.location, RECORDED))

    def _tracked_in(self, folder: Path) -> str:
        """Return a file that git tracks in a folder, or in its place; empty if there is none."""
        if not folder.is_relative_to(self._project.root):
            return ""
        path = folder.relative_to(self._project.root).as_posix()
        at = bisect_left(self._tracked, path)
        if self._tracked[at : at + 1] == [path]:
            return path
        return next(_below(f"{path}/", self._tracked), "")

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


def _below(beginning: str, ordered: Sequence[str]) -> Iterator[str]:
    """Yield the texts of a sorted list that begin like this."""
    at = bisect_left(ordered, beginning)
    while at < len(ordered) and ordered[at].startswith(beginning):
        yield ordered[at]
        at += 1
