"""Deletions of records that are noted beforehand, so that the next command commits what a kill has cut short."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.layout import STATE, is_inside
from qanat.errors import QanatError, WriteFailed
from qanat.git import lock, others, worktree
from qanat.git.lock import Held
from qanat.system import files
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import Project

# Each file in it is the note of a deletion; without one, there is no folder.
FOLDER = "deletions"


@dataclass(slots=True)
class Noted:
    """The note of a deletion: with `later`, it stays, so that the next command commits the deletion."""

    later: bool = False


@contextlib.contextmanager
def noted(held: Held, project: Project, paths: Sequence[Path], message: str) -> Iterator[Noted]:
    """Note that these files are removed and their removal is committed in the block, in case this process is killed."""
    note = held.location.private_here / FOLDER / secrets.token_hex(4)
    branch = worktree.checked_out(held.location)
    content = {"branch": branch, "files": [project.paths.relative(path) for path in paths], "message": message}
    with contextlib.suppress(WriteFailed):  # a deletion may be what frees space
        files.write(note, json.dumps(content).encode(), sharing=project.sharing)
    deletion, is_done = Noted(), False
    try:
        yield deletion
        is_done = True
    finally:
        if not (deletion.later and is_done):
            _forget(note)


def described_later(running: str) -> str:
    """Return the sentence on a deletion that is left to the next command."""
    return f"the deletion is not committed yet: {running} is running; the next qanat command commits it"


def finish(project: Project, *, after_commit: bool = False) -> list[str]:
    """Commit the removal of files that was cut short or left for later; return a sentence if that fails.

    A file that is there again is left alone, and so is a deletion on a branch that is not checked out. With
    `after_commit`, git has just made a commit of the user's, and waits for this process.
    """
    folder = project.location.private_here / FOLDER
    if not folder.is_dir() or worktree.operation(project.location.git_dir):
        return []
    if not after_commit and others.moving(project.location):
        return []
    try:
        with lock.held(project.location) as held:
            # Other users of the repository finish their own.
            for note in [note for note in sorted(folder.iterdir()) if note.lstat().st_uid == os.geteuid()]:
                _finish(held, project, note)
    except QanatError as error:
        return [f"a deletion that was cut short is not committed: {error.message}"]
    return []


def _finish(held: Held, project: Project, note: Path) -> None:
    content = _read(note)
    branch = worktree.checked_out(project.location)
    if content and branch != content["branch"]:
        return
    names = [n for n in content.get("files", ()) if not os.path.lexists(project.root / n)]
    if names and branch:
        removed: dict[str, bytes | None] = dict.fromkeys(names)
        commit_noted(held, project, branch, removed, content["message"], checked_out=True)
    _forget(note)


def _forget(note: Path) -> None:
    note.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # there are others
        note.parent.rmdir()


def _read(note: Path) -> dict[str, Any]:
    """Return the content of a note; empty if it has none."""
    try:
        content = json.loads(note.read_bytes())
        names, texts = content["files"], [content["branch"], content["message"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    are_texts = isinstance(names, list) and all(isinstance(text, str) for text in [*names, *texts])
    return content if are_texts and all(n.startswith(f"{STATE}/") and is_inside(n) for n in names) else {}
