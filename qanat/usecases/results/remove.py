"""Removing directories that qanat made, and finishing removals that were killed."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from qanat.domain import times
from qanat.errors import NotRemoved, WriteFailed
from qanat.git import lock, tracked
from qanat.records.made import Made, Notes
from qanat.system import folders, removal
from qanat.system.folders import Created, FolderId
from qanat.system.removal import Removal
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Results

# What is written into a storage directory before the first job starts.
_WRITTEN = re.compile(r"info\.yaml|parameters_files|job\.sh|commands|group_[0-9]+")
# Far longer than a launch takes from creating the storage directory to writing the record.
_LAUNCH_S = 3_600.0


def check_removable(project: Project, results: Sequence[Results]) -> None:
    """Raise NotRemoved, before anything is removed, if results contain what git tracks or belongs to others."""
    removable = [one for one in results if one.are_removable]
    held = tracked.files_in(project.location, [one.folder for one in removable])
    for one in removable:
        if file := held.get(one.folder):
            raise NotRemoved(
                f"run {one.run_id} cannot be deleted: git tracks {file}",
                hint=f"untrack it first: git rm -r --cached -- {shlex.quote(project.paths.relative(one.folder))}",
            )
        if why := removal.obstacle(one.folder):
            raise NotRemoved(
                f"run {one.run_id} cannot be deleted: {why}",
                hint="move or remove that first, or ask its owner to; nothing was deleted",
            )


def remove_results(project: Project, results: Results) -> None:
    """Remove the results of a run, for which check_removable() was called. Raises NotRemoved, WriteFailed."""
    if results.found and results.are_removable:
        remove_folder(project, results.folder, results.found)


def remove_folder(project: Project, path: Path, folder: FolderId) -> None:
    """Remove this very directory, given by its path without links. Raises NotRemoved, WriteFailed."""
    with taken_away(project, path, folder):
        pass


@contextmanager
def taken_away(project: Project, path: Path, folder: FolderId) -> Iterator[None]:
    """Move this very directory out of the way, in one step, and remove it at the end of the block.

    If the block fails, it is moved back. Raises NotRemoved, WriteFailed.
    """
    notes = Notes(project.location.private, project.sharing)
    planned = Removal(path, folder, f"{removal.TRASH}{secrets.token_hex(8)}")
    with lock.claimed(project.location, notes.claim_of(planned)):
        notes.begin_removal(planned)
        made = removal.make_trash(planned)
        notes.begin_removal(made)
        removal.move_away(made)
        try:
            yield
        except BaseException:
            removal.move_back(made)
            notes.end_removal(made)
            raise
        removal.finish(made)
        notes.end_removal(made)


def take_back(project: Project, run_id: str, created: Created) -> None:
    """Undo creating the storage directory of a run that was not started, as far as possible.

    What the user had is not removed, except what qanat has written into it since.
    """
    if created.is_new:
        with suppress(NotRemoved, WriteFailed):
            remove_folder(project, created.path, created.folder)
    else:
        _empty_of_own(project, created)
    folders.take_back(created.new)
    Notes(project.location.private, project.sharing).forget(run_id)


def _empty_of_own(project: Project, created: Created) -> None:
    """Remove from a directory that was empty at the launch what qanat has written into it."""
    with suppress(OSError, NotRemoved, WriteFailed), folders.opened(created.path) as folder:
        if folders.identity_of(folder) != created.folder:
            return
        for name in (entry.name for entry in folders.names_in(folder) if _WRITTEN.fullmatch(entry.name)):
            inner = folders.identify_in(folder, name)
            if inner is None:
                os.unlink(name, dir_fd=folder)
            else:
                remove_folder(project, created.path / name, inner)


def forget_what_is_gone(project: Project) -> None:
    """Forget the directories that no longer exist, as those of runs whose records git has removed.

    Empty ones, which killed launches have left, are removed first. One outside the project whose parent does not exist
    either may be on a disk that is only missing for now. A run of this working tree whose results the user has removed
    may be retried.
    """
    with project.index() as index:
        index.sync()
        known = {run_id for run_id, _ in index.storages()}
    for private in {project.location.private, project.location.private_here}:
        notes = Notes(private, project.sharing)
        for key, made in notes.all():
            if key not in known:
                _remove_unused(project, made)
            may_be_missing = not made.path.is_relative_to(project.root) and not made.path.parent.is_dir()
            if key not in known and not os.path.lexists(made.path) and not may_be_missing:
                notes.forget(key)


def _remove_unused(project: Project, made: Made) -> None:
    """Remove an empty storage directory that qanat made for a run without a record, unless that is about to start."""
    found = folders.identify(made.path)
    if not (found and made.experiment and made.is_new and made.is_this(found)):
        return
    with suppress(OSError):
        changed = times.from_epoch(made.path.lstat().st_mtime)
        if (times.seconds_between(changed, project.clock.now()) or 0.0) > _LAUNCH_S:
            folders.take_back([(made.path, found)])


def finish_removals(project: Project) -> None:
    """Finish what was being removed when qanat was killed, as far as possible."""
    notes = Notes(project.location.private, project.sharing)
    begun = list(notes.removals())
    if not begun:
        return
    with lock.file_held(project.location, project.location.private / "removals.lock"):
        for one in begun:
            if not lock.is_claimed(notes.claim_of(one)):
                with suppress(NotRemoved):
                    removal.finish(one)
                    notes.end_removal(one)
