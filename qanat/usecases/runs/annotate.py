"""Comments and tags of runs, and deleting runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain import deletions
from qanat.domain.names import check_text
from qanat.domain.run import Run
from qanat.errors import GitRefused, UsageError, write_failed
from qanat.git import checkout, worktree
from qanat.records import run_codec, storage
from qanat.system import files
from qanat.usecases.definitions import define
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, check_ended, comment_path


@dataclass(frozen=True, slots=True)
class Deleted:
    """A run that is gone; `commit` still has the paths of its record and comment (None: they were not committed)."""

    run: Run
    paths: tuple[str, ...]
    commit: str | None


def set_comment(project: Project, run: Run, text: str) -> str | None:
    """Write a run's comment and commit it; an empty one removes it. Give a sentence when it stays uncommitted."""
    path = project.root / comment_path(run)
    text = check_text(text).rstrip()
    if text:
        files.write(path, f"{text}\n".encode())
    elif path.exists():
        path.unlink()
    else:
        return None
    return _committed(project, [path], f"qanat: comment on run {run.number} of {run.experiment}")


def set_tags(project: Project, found: Found, add: Sequence[str], remove: Sequence[str]) -> tuple[Run, list[str]]:
    """Add and remove tags of a run that has ended; give it, and what stays uncommitted. Raises UsageError."""
    check_ended(found, "its tags cannot be changed")
    if unknown := [tag for tag in remove if tag not in found.run.tags]:
        has = ", ".join(found.run.tags) or "none"
        raise UsageError(f"run {found.run.number} has no tag {unknown[0]!r}", hint=f"its tags: {has}")
    if not all(map(check_text, add)):
        raise UsageError("a tag is not empty")
    tags = tuple(dict.fromkeys(tag for tag in (*found.run.tags, *add) if tag not in remove))
    run = replace(found.run, tags=tags)
    record.write_record(project, run)
    note = _committed(project, [project.root / found.record], f"qanat: tags of run {run.number} of {run.experiment}")
    return run, [note] if note else []


def size_of(found: Found) -> int:
    """Give the bytes of a run's results that would go with it; 0 for a directory that was not made for a run."""
    return storage.size_of(found.folder) if define.is_run_folder(found.folder, found.run.id) else 0


def delete_runs(project: Project, runs: Sequence[Found]) -> tuple[list[Deleted], str | None]:
    """Delete records, comments and results of runs that have ended, in one commit.

    Give what is gone, and a sentence when the removal stays uncommitted. Raises UsageError for a run
    that is still going on, before anything is deleted.
    """
    for found in runs:
        check_ended(found, "it cannot be deleted")
    gone, paths = [], []
    head = worktree.head(project.location)
    for found in runs:
        own = [project.root / run_codec.path_of(found.run), project.root / comment_path(found.run)]
        there = [path for path in own if path.exists()]
        names = map(project.paths.relative, there)
        kept = tuple(name for name in names if head and checkout.is_tracked(project.location, head, name))
        gone.append(Deleted(found.run, kept, head if kept else None))
        _remove(there, found.folder, found.run.id)
        paths += there
    if not paths:
        return gone, None
    numbers = ", ".join(str(found.run.number) for found in runs)
    subject = f"qanat: run{'s' if len(runs) > 1 else ''} {numbers} deleted"
    return gone, _committed(project, paths, f"{subject}\n{deletions.lines(found.run.id for found in runs)}")


def _remove(paths: Sequence[Path], folder: Path, run_id: str) -> None:
    """Remove a run's files; its results first, so that a failure leaves the record that tells of them."""
    try:
        if define.is_run_folder(folder, run_id):
            shutil.rmtree(folder)
        for path in paths:
            path.unlink()
    except OSError as error:
        raise write_failed(folder, error) from None


def _committed(project: Project, paths: Sequence[Path], message: str) -> str | None:
    if project.config.get("records", {}).get("commit") == "manual":
        return None
    try:
        define.commit(project, paths, message)
    except GitRefused as error:
        return error.message
    return None
