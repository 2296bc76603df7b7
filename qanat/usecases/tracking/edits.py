"""Telling what a person changed in a record from what qanat wrote, so that qanat never builds on it or commits it."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from qanat.domain.key_path import KeyPath, differences, dotted
from qanat.errors import InputInvalid, NotFound, RecordEdited
from qanat.git import repository, worktree
from qanat.records import own_copies, schemas, yaml_io
from qanat.system import below, files
from qanat.usecases.project import Project

NAMED_MAX = 5


def read(project: Project, path: str) -> bytes:
    """Return the bytes of a record of this project. Raises InputInvalid, or NotFound if it is gone."""
    try:
        return below.read(project.root, path, yaml_io.FILE_BYTES_MAX)
    except InputInvalid:
        if files.exists(project.root / path):
            raise
        hint = "the run was deleted, or another branch was checked out meanwhile"
        raise NotFound(f"{path} no longer exists", hint=hint) from None


def check_unedited(project: Project, path: str, data: bytes) -> None:
    """Raise RecordEdited if the bytes of a record are neither qanat's own nor those that are committed."""
    copies = own_copies.copies(project.location.private, PurePosixPath(path).stem)
    # A copy that a power failure has cut short proves nothing.
    if data in copies or b"" in copies:
        return
    committed = _committed(project, path)
    if data in committed:
        return
    known = [*copies, *committed]
    if not known:
        raise RecordEdited(
            f"{path} is not committed, and this qanat did not write it",
            hint=f"commit it: git add {shlex.quote(path)} && git commit, or remove it",
        )
    if any(_differing(one, data, path) == [] for one in known):
        return
    edited = _differing(known[0], data, path) or []
    names = ", ".join(map(dotted, edited[:NAMED_MAX])) + (", …" if len(edited) > NAMED_MAX else "")
    raise RecordEdited(
        f"{path} was edited: {names or 'the whole file'}",
        hint=_remedy(project, path, own=bool(copies) and copies[0] not in committed),
    )


def is_own(project: Project, path: str, data: bytes) -> bool:
    """Return whether qanat itself wrote these bytes of a record or comment; those of longer ago are not known."""
    return data in own_copies.copies(project.location.private, own_copies.name_of(path))


def _committed(project: Project, path: str) -> list[bytes]:
    """Return the record in HEAD and, in the middle of a merge or rebase, as it was merged."""
    opened = repository.open_repository(project.location)
    found = [repository.read_at(opened, "HEAD", path)]
    if worktree.operation(project.location.git_dir):
        found.append(repository.read_staged(opened, path))
    return [data for data in found if data is not None]


def _remedy(project: Project, path: str, *, own: bool) -> str:
    name = shlex.quote(path)
    copy = own_copies.file_of(project.location.private, PurePosixPath(path).stem)
    undo = f"cp {shlex.quote(str(copy))} {name}" if own else f"git checkout HEAD -- {name}"
    return f"undo that: {undo}; or commit it yourself: git add {name} && git commit"


def _differing(before: bytes, after: bytes, path: str) -> list[KeyPath] | None:
    """List the keys in which two versions of a record differ; None if one of them is not a record."""
    try:
        one, other = (schemas.current(yaml_io.load(data, path), "run", path) for data in (before, after))
    except InputInvalid:
        return None
    return list(differences(one, other))
