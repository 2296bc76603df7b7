"""Commenting on, tagging and deleting runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain import deletions, secret_checks
from qanat.domain.names import check_text
from qanat.domain.run import Run
from qanat.errors import GitRefused, UsageError, write_failed
from qanat.git import checkout, lock, worktree
from qanat.git.lock import Held
from qanat.records import run_codec, storage
from qanat.usecases.definitions import define
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, check_ended, comment_path


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted run; `commit` still has the paths of its record and comment (None: they were not committed)."""

    run: Run
    paths: tuple[str, ...]
    commit: str | None


def set_comment(project: Project, run: Run, text: str, *, allow_secrets: bool = False) -> str | None:
    """Write and commit a run's comment; an empty one removes it. Return a sentence if it stays uncommitted.

    Raises UsageError for a comment that looks like it contains a secret.
    """
    if not allow_secrets:
        secret_checks.check_text("the comment", text)
    path = project.root / comment_path(run)
    text = check_text(text).rstrip()
    with lock.held(project.location) as held:
        if text:
            project.write(path, f"{text}\n".encode())
        elif path.exists():
            _unlink(path)
        else:
            return None
        return _committed(held, project, [path], f"qanat: comment on run {run.number} of {run.experiment}")


def set_tags(
    project: Project, found: Found, add: Sequence[str], remove: Sequence[str], *, allow_secrets: bool = False
) -> tuple[Run, list[str]]:
    """Add and remove tags of a run; return it, and a sentence if its record stays uncommitted. Raises UsageError."""
    if not all(map(check_text, add)):
        raise UsageError("a tag cannot be empty")
    for tag in () if allow_secrets else add:
        secret_checks.check_text("a tag", tag)

    def change(run: Run) -> Run:
        if unknown := [tag for tag in remove if tag not in run.tags]:
            has = ", ".join(run.tags) or "none"
            raise UsageError(f"run {run.number} has no tag {unknown[0]!r}", hint=f"its tags: {has}")
        return replace(run, tags=tuple(dict.fromkeys(tag for tag in (*run.tags, *add) if tag not in remove)))

    message = f"qanat: tags of run {found.run.number} of {found.run.experiment}"
    return record.update_record(project, found.record, change, message=message)


def size_of(found: Found) -> int:
    """Return the size in bytes of the results that would be deleted with a run; 0 if the directory is not its own."""
    return storage.size_of(found.folder) if define.is_run_folder(found.folder, found.run.id) else 0


def delete_runs(project: Project, runs: Sequence[Found]) -> tuple[list[Deleted], str | None]:
    """Delete the records, comments and results of ended runs, in one commit.

    Returns what was deleted, and a sentence if the removal stays uncommitted. Raises UsageError for an active
    run, before anything is deleted.
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
        _remove_results(found)
        paths += there
    if not paths:
        return gone, None
    numbers = ", ".join(str(found.run.number) for found in runs)
    subject = f"qanat: run{'s' if len(runs) > 1 else ''} {numbers} deleted"
    with lock.held(project.location) as held:
        for path in paths:
            _unlink(path)
        return gone, _committed(held, project, paths, f"{subject}\n{deletions.lines(f.run.id for f in runs)}")


def _remove_results(found: Found) -> None:
    """Delete a run's results; they go first, so that a failure leaves the record that names them."""
    try:
        if define.is_run_folder(found.folder, found.run.id):
            shutil.rmtree(found.folder)
    except OSError as error:
        raise write_failed(found.folder, error) from None


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise write_failed(path, error) from None


def _committed(held: Held, project: Project, paths: Sequence[Path], message: str) -> str | None:
    if project.config.records_are_manual:
        return None
    try:
        define.commit_under(held, project, paths, message)
    except GitRefused as error:
        return error.message
    return None
