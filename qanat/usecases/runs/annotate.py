"""Commenting on runs and tagging them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import secret_checks
from qanat.domain.names import check_text
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused, UsageError, WriteFailed
from qanat.git import lock, others, worktree
from qanat.git.lock import Held
from qanat.records import ledger, own_copies
from qanat.usecases.definitions import define
from qanat.usecases.merging import deleted
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, comment_path


def set_comment(project: Project, run: Run, text: str, *, allow_secrets: bool = False) -> str | None:
    """Write and commit a run's comment; an empty one removes it. Return a sentence if it stays uncommitted.

    Raises UsageError for a comment that looks like it contains a secret.
    """
    if not allow_secrets:
        secret_checks.check_text("the comment", text)
    path = project.root / comment_path(run)
    text = check_text(text).rstrip()
    if not text and not project.has_file(path):
        return None
    message = f"qanat: comment on run {run.number} of {run.experiment}"
    is_left = project.config.records_are_manual or (bool(text) and project.config.records_wait)
    running = None if is_left else others.outlasting(project.location)
    with lock.held(project.location) as held:
        if not text:
            return _removed(held, project, path, message, running)
        data = f"{text}\n".encode()
        own_copies.keep(project.location.private, own_copies.name_of(path.name), data, project.sharing)
        project.write(path, data)
        if running or project.config.records_wait:
            _note_for_later(project, path)
        if running:
            return f"saved, but not committed yet: {running} is running; the next qanat command commits it"
        return None if is_left else _committed(held, project, [path], message)


def _removed(held: Held, project: Project, path: Path, message: str, running: str | None) -> str | None:
    """Remove a comment, and commit that; return a sentence if it stays uncommitted."""
    paths = [] if project.config.records_are_manual else [path]
    with deleted.noted(held, project, paths, message) as deletion:
        project.remove(path)
        if running:
            ledger.forget(project.location.private, [project.paths.relative(path)], project.sharing)
            why: str | None = deleted.described_later(running)
        else:
            why = _committed(held, project, paths, message) if paths else None
        deletion.later = why is not None
    return why


def _note_for_later(project: Project, path: Path) -> None:
    """Note what the next command is to commit or, if it waits, to restore (merging.restore)."""
    branch = worktree.checked_out(project.location)
    if branch is not None:
        content = {project.paths.relative(path): project.read(path)}
        ledger.note(project.location.private, branch, content, None, project.clock.now(), project.sharing)


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
            raise UsageError(f"run {run.number} has no tag {quoted(unknown[0])}", hint=f"its tags: {has}")
        return replace(run, tags=tuple(dict.fromkeys(tag for tag in (*run.tags, *add) if tag not in remove)))

    message = f"qanat: tags of run {found.run.number} of {found.run.experiment}"
    return record.update_record(project, found.record, change, message=message)


def _committed(held: Held, project: Project, paths: Sequence[Path], message: str) -> str | None:
    try:
        define.commit_under(held, project, paths, message)
    except (GitRefused, WriteFailed) as error:
        is_said = error.message.startswith("done, but not committed")
        return error.message if is_said else f"the comment was saved, but not committed: {error.message}"
    return None
