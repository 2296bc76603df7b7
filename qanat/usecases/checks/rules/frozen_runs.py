"""The rule frozen-runs: the record of an ended run stays unchanged, and is deleted only on purpose."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from qanat.domain import deletions, frozen, times
from qanat.domain.findings import Finding
from qanat.domain.key_path import KeyPath, dotted, value_at
from qanat.domain.layout import DEFINITIONS, RUNS, STATE, kind_of
from qanat.errors import InputInvalid, VersionTooNew
from qanat.git import history, repository, staged
from qanat.git.location import Location
from qanat.git.staged import Change, Entry, Staged
from qanat.records import schemas, yaml_io
from qanat.usecases.checks.file_views import InGit
from qanat.usecases.checks.rule import Option, Rule
from qanat.usecases.checks.scope import UPDATE_HOOKS, Scope
from qanat.usecases.project import DEFINITION_BYTES_MAX

ID = "frozen-runs"
DELETED = "QANAT_DELETED_RUNS"
PLACES_MAX = 10
# A clock may be wrong by this much before its records are taken for made up.
CLOCKS_S = 24 * 3_600.0
_EXPERIMENTS = f"{STATE}/{DEFINITIONS['experiment']}"


def check(scope: Scope, names: Sequence[str] = (), *, deletable: Sequence[str] = ()) -> list[Finding]:
    """List records that were changed or deleted against the rule, all of them whichever files are named.

    Runs may be deleted if their ids are in `deletable` or the environment, or a commit message says `Deleted-run: ID`.
    """
    allowed = {*deletable, *re.split(r"[\s,]+", os.environ.get(DELETED, ""))}
    found: dict[str, Finding] = {}
    for base, name in zip(scope.bases, scope.base_names, strict=True):
        found |= {str(finding): finding for finding in _Comparison(scope, base, name, allowed).findings()}
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Record:
    """A record in the newest version of its schema, and the version that it has."""

    content: dict[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class _Side:
    """Records in a commit that is being merged, and those deleted there."""

    entries: dict[str, Entry]
    deleted: frozenset[str]


def _side(location: Location, commit: str, paths: Sequence[str]) -> _Side:
    entries = Staged(location, commit).entries(paths)
    base = history.merge_base(location, "HEAD", commit)
    before = Staged(location, base).entries(paths) if base else {}
    return _Side(entries, frozenset(before.keys() - entries.keys()))


class _Comparison:
    """The records of a state compared with those of one earlier commit."""

    def __init__(self, scope: Scope, base: str | None, base_word: str, allowed: Collection[str]) -> None:
        self._scope = scope
        self._base = base
        self._base_word = base_word
        self._allowed = allowed
        changes = [c for c in scope.state.changes_since(base, RUNS) if kind_of(c.path) == "run"]
        added = {PurePosixPath(c.path).name: c for c in changes if c.old is None}
        self._pairs = [(c, added.get(PurePosixPath(c.path).name) if c.new is None else c) for c in changes if c.old]
        taken = {new.path for _, new in self._pairs if new}
        self._added = [c.new for c in changes if c.old is None and c.new and c.path not in taken]
        self._others = self._of_other_sides([c.path for c, _ in self._pairs])
        wanted = [e.blob for c, new in self._pairs for e in (c.old, new and new.new) if e]
        wanted += [entry.blob for entry in self._added]
        wanted += [entry.blob for side in self._others for entry in side.entries.values()]
        self._bytes = dict(staged.contents(scope.location, wanted, yaml_io.FILE_BYTES_MAX))

    @cached_property
    def _definitions(self) -> InGit:
        return InGit(self._scope.state)

    def findings(self) -> Iterator[Finding]:
        """Yield the violations of the rule."""
        for change, new in self._pairs:
            if new is None or new.new is None:
                yield from self._deleted(change)
            else:
                yield from self._compared(change, new.new)
        for entry in self._added:
            yield from self._backdated(entry)

    def _backdated(self, entry: Entry) -> Iterator[Finding]:
        """Report a new record that says that its run was launched before its code existed."""
        lines: dict[KeyPath, int] = {}
        try:
            content = self._load(entry, lines).content
        except InputInvalid:
            return  # another rule reports it
        created, commit = content.get("created"), value_at(content, ("code", "commit"))
        made = repository.time_of(self._opened, commit) if isinstance(commit, str) else None
        if made is None or not times.is_timestamp(created):
            return
        if (times.parse(made) - times.parse(str(created))).total_seconds() > CLOCKS_S:
            problem = f"created: {created} is before {made}, when the commit that ran was made"
            yield Finding(entry.path, lines.get(("created",), 1), ID, problem, "repeat the run, or correct the clock")

    @cached_property
    def _opened(self) -> Any:
        return repository.open_repository(self._scope.location)

    def _compared(self, change: Change, new: Entry) -> Iterator[Finding]:
        """List what is against the rule in a record, or say that only a newer qanat can tell."""
        try:
            yield from self._changed(change, new)
        except VersionTooNew as error:
            yield Finding(new.path, 1, ID, error.problem, f"{error.hint}; {UPDATE_HOOKS}")

    def _of_other_sides(self, paths: list[str]) -> list[_Side]:
        """Return these files as they are in the commits that are being merged into this one."""
        merged = self._scope.others if self._base == self._scope.bases[0] and paths else ()
        return [_side(self._scope.location, commit, paths) for commit in merged]

    def _restore(self, path: str) -> str:
        return f"git checkout {self._base_word} -- {shlex.quote(path)}"

    def _deleted(self, change: Change) -> Iterator[Finding]:
        run_id = PurePosixPath(change.path).stem
        if (
            run_id in self._allowed
            or run_id in self._said_in_messages
            or any(change.path in o.deleted for o in self._others)
        ):
            return
        remedy = f"{self._restore(change.path)}, or delete the run with: qanat delete {run_id}"
        yield Finding(change.path, 1, ID, "the record was deleted without qanat delete", remedy)

    @cached_property
    def _said_in_messages(self) -> frozenset[str]:
        messages = history.messages(self._scope.location, self._base, self._scope.state.commit or "HEAD")
        return deletions.run_ids_in(messages)

    def _changed(self, change: Change, new: Entry) -> Iterator[Finding]:
        remedy = self._restore(change.path)
        if new.mode == staged.LINK:
            yield Finding(new.path, 1, ID, "the record is now a symbolic link", remedy)
            return
        before = [record for record in map(self._read, self._earlier(change)) if record is not None]
        if not before:
            return  # an unreadable earlier record cannot be compared; another rule reports it
        lines: dict[KeyPath, int] = {}
        ended = any(frozen.has_ended(record.content) for record in before)
        try:
            after = self._load(new, lines)
        except VersionTooNew:
            raise
        except InputInvalid as error:
            if ended:
                yield Finding(new.path, getattr(error, "line", 1), ID, "the record can no longer be read", remedy)
            return
        if after.version < min(record.version for record in before):
            yield Finding(
                new.path, lines.get(("schema",), 1), ID, "its schema was set back to an older version", remedy
            )
        moved = new.path != change.path and self._is_renamed(change.path, new.path)
        places = frozen.violations([record.content for record in before], after.content, moved=moved)
        for key in places[:PLACES_MAX]:
            is_same = any(repr(value_at(r.content, key)) == repr(value_at(after.content, key)) for r in before)
            changed = f"was changed after the run {'had ended' if ended else 'was launched'}"
            problem = f"{dotted(key)} {frozen.STILL if is_same else changed}"
            yield Finding(new.path, yaml_io.line_of(lines, key), ID, problem, remedy)

    def _earlier(self, change: Change) -> list[Entry]:
        sides = [change.old, *(side.entries.get(change.path) for side in self._others)]
        return [entry for entry in sides if entry is not None]

    def _is_renamed(self, before: str, after: str) -> bool:
        """Return whether the experiment of one record is now that of the other: it says so, or it took its place."""
        old, new = (f"{_EXPERIMENTS}/{PurePosixPath(path).parts[2]}.yaml" for path in (before, after))
        if not self._definitions.is_file(new):
            return False
        if not self._definitions.is_file(old):
            return True
        try:
            content = yaml_io.load(self._definitions.read(new, DEFINITION_BYTES_MAX), new)
        except InputInvalid:
            return False
        former = content.get("formerly") if isinstance(content, dict) else None
        return isinstance(former, list) and PurePosixPath(old).stem in former

    def _read(self, entry: Entry) -> _Record | None:
        try:
            return self._load(entry)
        except VersionTooNew:
            raise
        except InputInvalid:
            return None

    def _load(self, entry: Entry, lines: dict[KeyPath, int] | None = None) -> _Record:
        """Read a record in the newest version, so that one that was only migrated is the same as before."""
        content = yaml_io.load(self._bytes.get(entry.blob, b""), entry.path, lines=lines)
        if not isinstance(content, dict):
            raise InputInvalid(f"{entry.path}: is not a mapping")
        current = dict(schemas.current(content, "run", entry.path))
        return _Record(current, schemas.version_of(content, "run"))


RULE = Rule(
    ID,
    refuses="a record that was changed, or silently deleted, after its run had ended",
    check=check,
    takes=lambda _: False,
    options=(
        Option("--allow-deleted", "deletable", "ID", "accept that the record of this run is deleted", repeatable=True),
    ),
)
