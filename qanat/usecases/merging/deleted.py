"""Deletions of records that are noted beforehand, so that the next command commits what a kill has cut short."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qanat.domain.layout import STATE, is_inside
from qanat.errors import QanatError, WriteFailed
from qanat.git import lock, worktree
from qanat.git.lock import Held
from qanat.system import files
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import Project

FILE = "deletion"


@contextlib.contextmanager
def noted(held: Held, project: Project, paths: Sequence[Path], message: str) -> Iterator[None]:
    """Note that these files are removed and their removal is committed in the block, in case this process is killed."""
    note = held.location.private_here / FILE
    branch = worktree.checked_out(held.location)
    content = {"branch": branch, "files": [project.paths.relative(path) for path in paths], "message": message}
    with contextlib.suppress(WriteFailed):  # a deletion may be what frees space
        files.write(note, json.dumps(content).encode(), sharing=project.sharing)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def finish(project: Project) -> list[str]:
    """Commit the removal of files that a killed command has removed; return a sentence if that fails.

    A file that is there again is left alone, and so is a deletion on a branch that is not checked out.
    """
    note = project.location.private_here / FILE
    if not note.exists():
        return []
    try:
        with lock.held(project.location) as held:
            content = _read(note)
            names = [n for n in content.get("files", ()) if not os.path.lexists(project.root / n)]
            branch = worktree.checked_out(project.location)
            if content and (branch != content["branch"] or worktree.operation(project.location.git_dir)):
                return []
            if names and branch:
                removed: dict[str, bytes | None] = dict.fromkeys(names)
                commit_noted(held, project, branch, removed, content["message"], checked_out=True)
            note.unlink(missing_ok=True)
    except QanatError as error:
        return [f"a deletion that was cut short is not committed: {error.message}"]
    return []


def _read(note: Path) -> dict[str, Any]:
    """Return the content of a note of this user; empty if there is none."""
    try:
        content = json.loads(note.read_bytes()) if note.lstat().st_uid == os.geteuid() else {}
        names, texts = content["files"], [content["branch"], content["message"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    are_texts = isinstance(names, list) and all(isinstance(text, str) for text in [*names, *texts])
    return content if are_texts and all(n.startswith(f"{STATE}/") and is_inside(n) for n in names) else {}
