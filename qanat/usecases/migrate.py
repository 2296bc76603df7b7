"""Updating the files of `.qanat/` to the newest versions of their schemas, in one commit.

Nothing depends on it: what is read is brought to the newest version in memory (records.migrations), and a file that
changes is written in it anyway.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.layout import STATE, kind_of
from qanat.domain.visible import escaped
from qanat.errors import GitRefused, InputInvalid, VersionTooNew
from qanat.git import commits, lock, repository, worktree
from qanat.git.lock import Held
from qanat.git.worktree import Change
from qanat.records import definition_text, run_codec, schemas, yaml_io
from qanat.records.index import Index
from qanat.system import below
from qanat.usecases.checks.everything import all_files
from qanat.usecases.checks.file_views import OnDisk
from qanat.usecases.checks.validate import validate_in
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Migrated:
    """A file with the version that it had and the one that it gets, such as `run/1` and `run/2`, and its text in each.

    The texts are the same if a migration was cut short before its commit.
    """

    file: str
    before: str
    after: str
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Left:
    """A file that stays as it is, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Migration:
    """What there is to migrate, and the files that stay as they are though their version is not the newest."""

    files: tuple[Migrated, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What was migrated, what stays as it is, and the commit with it; None where committing is left to the user."""

    files: tuple[Migrated, ...]
    left: tuple[Left, ...]
    commit: str | None


def plan_migration(project: Project, index: Index) -> Migration:
    """Find the files that are not in the newest version of their schema; nothing is written.

    A file stays as it is if it is invalid, is newer than this qanat, or has changes that are not committed.
    """
    changes = {change.path: change for change in worktree.uncommitted(project.location, STATE)}
    found: list[Migrated] = []
    left: list[Left] = []
    for path in all_files(project):
        name = project.paths.relative(path)
        kind = kind_of(name)
        # What else lies here, and links, `qanat validate` reports.
        if kind is None or path.is_symlink():
            continue
        try:
            found += _migrated(project, index, name, kind, changes.get(name))
        except InputInvalid as error:
            left.append(Left(name, _reason(name, error)))
    return Migration(tuple(found), tuple(left))


def _reason(name: str, error: InputInvalid) -> str:
    if isinstance(error, VersionTooNew):
        return f"{error.problem}; {error.hint}"
    return error.message.removeprefix(f"{name}:").removeprefix(" ")


def _migrated(project: Project, index: Index, name: str, kind: str, change: Change | None) -> Iterator[Migrated]:
    """Return a file in its newest version if it is in an older one. Raises InputInvalid for one that has to stay."""
    data, newest = below.read(project.root, name, yaml_io.FILE_BYTES_MAX), schemas.name_of(kind)
    before = _version(data, kind, name)
    if before == newest:
        if change and change.letters != "??":
            yield from _cut_short(project, name, kind, data)
        return
    if change is not None:
        raise InputInvalid("is not committed yet" if change.letters == "??" else "has changes that are not committed")
    if problems := validate_in(OnDisk(project.root), project, index, [name]):
        raise InputInvalid(f"is invalid: {problems[0].what}")
    yield Migrated(name, before, newest, data, _newest(data, kind, name))


def _cut_short(project: Project, name: str, kind: str, data: bytes) -> Iterator[Migrated]:
    """Return a file that a migration has written but not committed, because it was killed in between."""
    committed = repository.read_at(repository.open_repository(project.location), "HEAD", name)
    with contextlib.suppress(InputInvalid):
        if committed is not None and _newest(committed, kind, name) == data:
            yield Migrated(name, _version(committed, kind, name), schemas.name_of(kind), data, data)


def _version(data: bytes, kind: str, name: str) -> str:
    newest = schemas.name_of(kind)
    # So begins every record that qanat writes, and there may be thousands.
    if data.startswith(f"schema: {newest}\n".encode()):
        return newest
    content = yaml_io.load(data, name)
    schemas.check_version(content, kind, name)
    return schemas.name_of(kind, schemas.version_of(content, kind))


def _newest(data: bytes, kind: str, name: str) -> bytes:
    """Return the text of a file in the newest version. Raises InputInvalid when comments would be lost."""
    if kind == "run":
        return run_codec.encode(run_codec.decode(data, name))
    text = definition_text.migrated(kind, Path(name), data)
    if lost := definition_text.lost_comments(data, text):
        raise InputInvalid(f"has a comment that would be lost: {escaped(lost[0])}")
    return text


def migrate(project: Project, index: Index) -> Done:
    """Write the files of plan_migration() and commit them to the branch that is checked out, and nothing else.

    Raises GitRefused on a detached HEAD and in the middle of a merge or rebase, before anything is written, and for a
    commit that cannot be made; the next migration commits what this one has written.
    """
    manual = project.config.records_are_manual
    branch = None if manual else _branch(project)
    plan = plan_migration(project, index)
    # A run may end meanwhile, and the process that records it holds the lock too.
    with lock.held(project.location) as held:
        done, changed = _write(project, plan.files)
        commit = _commit(held, branch, done) if branch is not None and done else None
    return Done(tuple(done), (*plan.left, *changed), commit)


def _branch(project: Project) -> str:
    if operation := worktree.operation(project.location.git_dir):
        raise GitRefused(f"the repository is {worktree.middle_of(operation)}", hint=f"git {operation} --continue")
    branch = worktree.checked_out(project.location)
    if branch is None:
        raise GitRefused("HEAD is detached, so there is no branch to commit to", hint="git switch BRANCH")
    return branch


def _write(project: Project, planned: Iterable[Migrated]) -> tuple[list[Migrated], list[Left]]:
    """Write files that are still as they were planned; list those that are written, and those that are not."""
    done, left = [], []
    for file in planned:
        path = project.root / file.file
        if not project.has_file(path) or project.read(path) != file.old:
            left.append(Left(file.file, "was changed meanwhile"))
            continue
        if file.new != file.old:
            project.write(path, file.new)
        done.append(file)
    return done, left


def _commit(held: Held, branch: str, done: Sequence[Migrated]) -> str | None:
    data: dict[str, bytes | None] = {file.file: file.new for file in done}
    steps = "\n".join(sorted({f"{file.before} to {file.after}" for file in done}))
    message = f"qanat: {len(done)} file{'s' if len(done) > 1 else ''} migrated\n\n{steps}"
    return commits.commit_files(held, branch, data, message, checked_out=True)
