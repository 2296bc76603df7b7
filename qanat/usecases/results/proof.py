"""Whether qanat itself made the storage directory of a run, so that it may write there, and remove it.

A record may come from a stranger, so what it says about its storage proves nothing. There are two proofs. The first is
the note that qanat wrote when it made the directory. Runs of another clone or an earlier version have none; then the
directory must have the form `<result_dir>/<experiment>/run_<n>`, with no link below the result folder and nothing in
it that git tracks, and its `info.yaml` must name the run.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from qanat.domain import storage_rules
from qanat.domain.config import RESULT_DIR
from qanat.domain.layout import is_for_results
from qanat.domain.storage_rules import Grounds
from qanat.domain.stored import Stored
from qanat.errors import InputInvalid
from qanat.git import tracked
from qanat.records import storage
from qanat.records.index import Index
from qanat.records.made import Made, Notes
from qanat.records.storage import INFO
from qanat.system import folders
from qanat.system.folders import FolderId
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Results:
    """The storage directory of a run.

    `found` identifies it, at `folder` without links; None if it does not exist. `kept` says why qanat does not remove
    it; if that is empty, it may. `is_foreign` is whether it is, or contains, what cannot be a run's alone.
    """

    run_id: str
    folder: Path
    found: FolderId | None
    kept: str = ""
    is_foreign: bool = False

    @property
    def are_removable(self) -> bool:
        """Whether there is something that qanat may remove."""
        return self.found is not None and not self.kept

    @property
    def bytes(self) -> int:
        """The size of what will be removed."""
        return storage.size_of(self.folder) if self.are_removable else 0

    @property
    def advice(self) -> str:
        """What to do about a directory that is kept; empty if none is."""
        if not self.kept:
            return ""
        # A record may name any directory: without its own info.yaml there, the advice could be to remove anything.
        is_own = not self.is_foreign and storage.is_made_for(self.folder, self.run_id)
        command = f"rm -r {shlex.quote(str(self.folder))}"
        hint = f"; if only this run needs it, remove it yourself: {command}" if is_own else ""
        return f"kept {self.folder}: {self.kept}{hint}"


@dataclass(frozen=True)
class Proof:
    """What a project knows about the directories that its runs were given."""

    project: Project

    @cached_property
    def notes(self) -> Notes:
        """The notes of this repository."""
        return Notes(self.project.location.private, self.project.sharing)

    def results_of(self, run: Stored) -> Results:
        """Determine whether the storage directory of a run exists, and whether qanat made it."""
        found = self._results_of(run)
        return replace(found, is_foreign=bool(storage_rules.problem_of(found.folder, self.grounds)))

    def _results_of(self, run: Stored) -> Results:
        folder = self.project.storage_of(run)
        made = self.notes.read(run.id)
        if not os.path.lexists(folder):
            elsewhere = made and made.path != _real(folder) and os.path.lexists(made.path)
            return Results(run.id, made.path if made else folder, None, "its record names another" if elsewhere else "")
        # A link in the place of the directory itself is not followed; `..` is not a name.
        plain = _real(folder.parent) / folder.name if folder.name != ".." else _real(folder)
        real = made.path if made and made.path == _real(folder) else plain
        found, names_run = _look(real, run.id)
        if found is None:
            return Results(run.id, real, None, "it is not a directory")
        if made is None:
            doubt = self._doubt_about_form(run, real, found)
        elif made.path != real:
            doubt = f"run {run.number} was given another directory, {made.path}"
        elif made.experiment != run.experiment:
            doubt = f"it was created for a run of {made.experiment}"
        else:
            doubt = _doubt_about_note(made, found)
        return Results(run.id, real, found, doubt or ("" if names_run else f"its {INFO} does not name run {run.id}"))

    @cached_property
    def grounds(self) -> Grounds:
        """The places that storage directories keep away from."""
        return grounds_of(self.project)

    def may_be_created(self, run: Stored) -> bool:
        """Return whether the storage directory of a run, which does not exist, is where qanat once created it."""
        made = self.notes.read(run.id)
        return made.path == _real(self.project.storage_of(run)) if made else self.is_usual(run)

    def is_usual(self, run: Stored) -> bool:
        """Return whether the storage directory of a run is where qanat places it by default."""
        return _real(self.project.storage_of(run)) in self._expected(run)

    def is_its_own(self, run: Stored) -> bool:
        """Return whether a run's storage directory was made for it or, if it was empty, chosen for it by the user."""
        results = self.results_of(run)
        made = self.notes.read(run.id)
        if made and not made.is_new and results.found and made.experiment == run.experiment:
            return made.path == results.folder and made.is_this(results.found)
        return results.are_removable

    def may_be_written(self, run: Stored) -> bool:
        """Return whether files may be added to a storage directory: it is the run's own, or at its usual place."""
        return self.is_its_own(run) or self.is_usual(run)

    def readable(self, run: Stored) -> tuple[Path | None, bool]:
        """Return the directory of a run, without links, if files may be taken from it, and whether it may be anybody's.

        A record may come from a stranger, and name any directory. One with an `info.yaml` of this run was made for it.
        """
        folder = self.project.storage_of(run)
        real = _real(folder.parent) / folder.name
        with suppress(OSError), folders.opened(real) as descriptor:
            is_its = storage.is_made_for_in(descriptor, run.id) or self.is_usual(run)
            return (real, False) if is_its else (None, True)
        return None, False

    def _doubt_about_form(self, run: Stored, folder: Path, found: FolderId) -> str:
        """Return why a directory may not have been made by qanat for a run without a note."""
        if folder not in self._expected(run):
            return "nothing shows that qanat created it"
        if not found.is_ours:
            return "it belongs to another user"
        return "it is a repository" if os.path.lexists(folder / ".git") else ""

    def _expected(self, run: Stored) -> tuple[Path, ...]:
        """Return where a run without a note may have its results, without links."""
        try:
            result_dir = self.project.config.result_dir
        except InputInvalid:
            return ()
        if not is_for_results(result_dir) or tracked.links_to(self.project.location, result_dir):
            return ()
        base = _real(self.project.root / result_dir) / run.experiment
        return base / f"run_{run.number}", base / f"run_{run.number}-{run.uid}"


def grounds_of(project: Project) -> Grounds:
    """Return the places that storage directories keep away from, without links."""
    try:
        results = project.root / project.config.result_dir
    except InputInvalid:
        results = project.root / RESULT_DIR
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.expanduser raises without a home
    return Grounds(project.root, _real(results), _real(Path(home)))


def _doubt_about_note(made: Made, found: FolderId) -> str:
    if not made.is_new:
        return "it existed before the run"
    return "" if made.is_this(found) else "it is not the directory that qanat created"


def _look(folder: Path, run_id: str) -> tuple[FolderId | None, bool]:
    """Return what identifies a directory that no link leads to, and whether its info file names a run."""
    try:
        with folders.opened(folder) as descriptor:
            return folders.identity_of(descriptor), storage.is_made_for_in(descriptor, run_id)
    except OSError:
        return None, False


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def all_results(project: Project, index: Index, runs: Sequence[Stored]) -> list[Results]:
    """Determine what becomes of the results of runs that are deleted together."""
    proof = Proof(project)
    found = [proof.results_of(run) for run in runs]
    going = {one.run_id for one in found}
    claims = _Claims(project, [(run_id, path) for run_id, path in index.storages() if run_id not in going])
    return [claims.on(one) for one in found]


class _Claims:
    """The directories that records of other runs call their storage."""

    def __init__(self, project: Project, storages: Sequence[tuple[str, str]]) -> None:
        self._on: dict[str, str] = {}
        self._inside: dict[str, str] = {}
        for run_id, storage_path in storages:
            folder = os.path.normpath(project.root / storage_path)
            self._on[folder] = run_id
            while (parent := os.path.dirname(folder)) != folder and parent not in self._inside:  # noqa: PTH120
                self._inside[parent] = run_id
                folder = parent

    def on(self, results: Results) -> Results:
        """Return the results, to be kept if such a record names their directory or something in it."""
        folder = str(results.folder)
        if run_id := self._on.get(folder):
            return replace(results, kept=results.kept or f"it is also the storage of run {run_id}", is_foreign=True)
        if run_id := self._inside.get(folder):
            return replace(results, kept=results.kept or f"it contains the storage of run {run_id}", is_foreign=True)
        return results
