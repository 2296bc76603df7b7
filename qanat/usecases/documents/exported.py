"""What has been copied for a dependency of a document, and whether it is still as it was copied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from qanat.domain.document import Dependency, Document
from qanat.domain.export_note import NOTE, Note, Source, UsedAction, note_from
from qanat.errors import InputInvalid, NotFound
from qanat.records import yaml_io
from qanat.system import below, files, hashing
from qanat.usecases.documents.look import Groups, Member
from qanat.usecases.project import Project

NOTE_BYTES_MAX = 32 * 2**20
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the folder of a dependency: its note (None without one), and how the files differ from that.

    `foreign` are files that qanat did not copy there.
    """

    note: Note | None = None
    missing: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """How the files differ from what was copied, in sentences without an end."""
        found = [f"{_named(self.missing)} {_is(self.missing)} missing"] if self.missing else []
        return [*found, *([f"{_named(self.edited)} {_was(self.edited)} edited"] if self.edited else [])]


def exported(project: Project, document: Document, dependency: Dependency) -> Exported:
    """Return what has been copied for a dependency; the files are read."""
    folder = document.folder_of(dependency)
    there = set(_files_in(project, folder))
    note = note_in(project, folder) if NOTE in there else None
    if note is None:
        return Exported(foreign=tuple(sorted(there - {NOTE})))
    listed = {file.file: file for file in note.files}
    kept = [path for path in listed if path in there]
    edited = [path for path in kept if _hash(project, f"{folder}/{path}") != listed[path].sha256]
    missing = sorted(listed.keys() - there)
    return Exported(note, tuple(missing), tuple(edited), tuple(sorted(there - listed.keys() - {NOTE})))


def why_stale(
    project: Project, document: Document, dependency: Dependency, groups: Groups, found: Exported
) -> list[str]:
    """List why what has been copied is not what a document needs of these groups; nothing if it is."""
    note = found.note
    if note is None:
        return ["has not been copied"]
    if (note.document, note.dependency) != (document.name, dependency.name):
        return [f"{document.folder_of(dependency)} has files of document {note.document}"]
    reasons = list(found.problems)
    if note.patterns != dependency.files or note.whole != dependency.whole:
        reasons.append("other files are needed")
    if [source.args for source in note.groups] != list(groups.args):
        reasons.append("other parameters")
    elif not all(_is_same(*pair) for pair in zip(note.groups, groups.members, strict=True)):
        reasons.append("runs were repeated since files were copied")
    if (now := action_now(project, dependency)) != note.action:
        reasons.append(f"action {dependency.action} has changed" if now and note.action else "another action")
    return reasons


def action_now(project: Project, dependency: Dependency) -> UsedAction | None:
    """Return the action of a dependency as it is now; None if it has none. Raises NotFound, InputInvalid."""
    if dependency.action is None:
        return None
    action = project.experiment(dependency.experiment).actions.get(dependency.action)
    if action is None:
        raise NotFound(f"experiment {dependency.experiment} has no action {dependency.action}")
    data = files.read(project.root / action.program.executable, limit_bytes=NOTE_BYTES_MAX)
    return UsedAction(dependency.action, dependency.action_arguments, hashlib.sha256(data).hexdigest())


def _is_same(source: Source, member: Member) -> bool:
    """Return whether files of a group are those of another one: it is the same, or it executed the same."""
    return (source.run, source.group) == (member.run, member.group) or (
        source.key is not None and source.key == member.key
    )


def note_in(project: Project, folder: str) -> Note | None:
    """Return the note in a folder of copies; None if there is none that can be read."""
    try:
        data = project.read(project.root / folder / NOTE, NOTE_BYTES_MAX)
        return note_from(yaml_io.load(data, NOTE, own=True))
    except InputInvalid:
        return None


def _files_in(project: Project, folder: str) -> list[str]:
    """List the files in a folder of the project and below it, by their paths in it; links are files, too."""
    found, stack = [], [""]
    while stack:
        inner = stack.pop()
        for entry in below.entries(project.root, f"{folder}/{inner}".rstrip("/")):
            if entry.is_folder:
                stack.append(f"{inner}{entry.name}/")
            else:
                found.append(f"{inner}{entry.name}")
    return found


def _hash(project: Project, path: str) -> str | None:
    try:
        with below.open_file(project.root, path) as file:
            return hash_of(file)
    except OSError:
        return None


def hash_of(file: BinaryIO) -> str:
    """Return the SHA-256 of an open file. Raises OSError."""
    return hashing.sha256_of_open(file.fileno(), os.fstat(file.fileno()).st_size)


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def _is(paths: Sequence[str]) -> str:
    return "is" if len(paths) == 1 else "are"


def _was(paths: Sequence[str]) -> str:
    return "was" if len(paths) == 1 else "were"
