"""The derived index: what run records say, by file, so that listing thousands of runs reads none of them.

It lives in `.qanat/cache/index.sqlite` and is never the truth: every row is keyed by the stamp (times,
size, inode) of the file it was read from, and a missing, stale, locked or corrupt index is rebuilt from
nothing. It also remembers which bytes passed which schema.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from qanat.domain.json_text import to_json
from qanat.domain.run import Run
from qanat.errors import InputInvalid
from qanat.records import run_codec, yaml_io
from qanat.records.record_stamps import stamps
from qanat.system import files

LOCK_WAIT_S = 5.0
_LAYOUT = 2
_TABLES = """
CREATE TABLE runs (
  path TEXT PRIMARY KEY, stamp TEXT NOT NULL, problem TEXT, number INTEGER, uid TEXT, experiment TEXT, state TEXT,
  created TEXT, started TEXT, ended TEXT, description TEXT, tags TEXT, runner TEXT, storage TEXT,
  groups INTEGER, groups_ended INTEGER, record TEXT
) WITHOUT ROWID;
CREATE TABLE passed (schema TEXT, digest BLOB, PRIMARY KEY (schema, digest)) WITHOUT ROWID;
CREATE TABLE seen (path TEXT PRIMARY KEY, moment TEXT NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sizes (storage TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
_NEWEST_FIRST = "ORDER BY created DESC, number DESC, uid"
T = TypeVar("T")


class RunSummary(NamedTuple):
    """One row of a table of runs; `path` is the record's, from the project's root."""

    path: str
    number: int
    uid: str
    experiment: str
    state: str
    created: str
    started: str | None
    ended: str | None
    description: str
    tags: str
    runner: str
    storage: str
    groups: int
    groups_ended: int

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return f"{self.number}-{self.uid}"


_COLUMNS = ", ".join(RunSummary._fields)


class Index:
    """The index of one project; use it in a `with` block.

    `names_of` gives the name of an experiment and those it had before, which records of its runs may have.
    """

    def __init__(self, file: Path, root: Path, names_of: Callable[[str], Sequence[str]] = lambda name: (name,)) -> None:
        self._file, self._names_of = file, names_of
        self._root = root
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            return self._connect(str(self._file))
        except (sqlite3.DatabaseError, OSError):
            return self._rebuilt()

    def _connect(self, name: str) -> sqlite3.Connection:
        database = sqlite3.connect(name, timeout=LOCK_WAIT_S, isolation_level=None)
        try:
            database.execute("PRAGMA synchronous = OFF")
            if database.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
                self._create(database)
        except BaseException:
            database.close()
            raise
        return database

    def _create(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        if database.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                database.execute(f'DROP TABLE "{name}"')
            for statement in _TABLES.split(";\n"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {_LAYOUT}")
        database.execute("COMMIT")

    def _rebuilt(self) -> sqlite3.Connection:
        """Start over with an empty file, or in memory where the cache folder cannot be written."""
        try:
            self._file.unlink(missing_ok=True)
            self._file.with_name(f"{self._file.name}-journal").unlink(missing_ok=True)
            return self._connect(str(self._file))
        except (sqlite3.DatabaseError, OSError):
            return self._connect(":memory:")

    def _surviving(self, work: Callable[[], T]) -> T:
        """Do work on the database; on a new one when it turns out broken, and in memory when nothing else is left."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                with contextlib.suppress(sqlite3.DatabaseError):
                    return self._on_new(self._rebuilt, work)
        return self._on_new(lambda: self._connect(":memory:"), work)

    def _on_new(self, connect: Callable[[], sqlite3.Connection], work: Callable[[], T]) -> T:
        self._database.close()
        self._database = connect()
        self._sync()
        return work()

    # ---- run records

    def sync(self) -> None:
        """Bring the index up to date with the records on disk."""
        self._surviving(self._sync)

    def _sync(self) -> None:
        on_disk = dict(stamps(self._root))
        known = dict(self._database.execute("SELECT path, stamp FROM runs"))
        gone = known.keys() - on_disk.keys()
        changed = [path for path, stamp in on_disk.items() if known.get(path) != stamp]
        if not gone and not changed:
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("DELETE FROM runs WHERE path = ?", [(path,) for path in gone])
            rows = (_row(self._root, path, on_disk[path]) for path in changed)
            self._database.executemany(f"REPLACE INTO runs VALUES ({','.join('?' * 17)})", rows)  # noqa: S608
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def summaries(
        self, *, experiment: str | None = None, newest: int | None = None, live: bool = False
    ) -> list[RunSummary]:
        """List runs, the newest first: those of one experiment, at most `newest`, only those still going."""
        where, values = _where(self._names_of(experiment) if experiment else (), live=live)
        query = f"SELECT {_COLUMNS} FROM runs WHERE {where} {_NEWEST_FIRST} LIMIT ?"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query, (*values, newest or -1)).fetchall())
        return [RunSummary._make(row) for row in rows]

    def numbered(self, number: int) -> list[RunSummary]:
        """List the runs that have this number; more than one when they come from two clones or branches."""
        query = f"SELECT {_COLUMNS} FROM runs WHERE problem IS NULL AND number = ? ORDER BY uid"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query, (number,)).fetchall())
        return [RunSummary._make(row) for row in rows]

    def records(self, *, experiment: str | None = None, newest: int | None = None, live: bool = False) -> list[str]:
        """List the same runs as JSON texts of the whole records."""
        where, values = _where(self._names_of(experiment) if experiment else (), live=live)
        # Sorting paths and then looking up the texts takes a third of the time that sorting texts takes.
        paths = f"SELECT path FROM runs WHERE {where} {_NEWEST_FIRST} LIMIT ?"  # noqa: S608
        query = f"SELECT (SELECT record FROM runs WHERE path = sorted.path) FROM ({paths}) AS sorted"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query, (*values, newest or -1)).fetchall())
        return [row[0] for row in rows]

    def code_commits(self) -> list[tuple[str, str, str]]:
        """List the record's path, the id and the commit of every run, in the order of their launch."""
        columns = "path, number || '-' || uid, json_extract(record, '$.code.commit')"
        query = f"SELECT {columns} FROM runs WHERE problem IS NULL ORDER BY created, number, uid"  # noqa: S608
        return self._surviving(lambda: self._database.execute(query).fetchall())

    def unreadable(self) -> list[str]:
        """List what is wrong with records that cannot be read, one sentence each."""
        query = "SELECT problem FROM runs WHERE problem IS NOT NULL ORDER BY path"
        return [row[0] for row in self._surviving(lambda: self._database.execute(query).fetchall())]

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the runs by experiment and state."""
        query = "SELECT experiment, state, COUNT(*) FROM runs WHERE problem IS NULL GROUP BY experiment, state"
        counts: dict[str, dict[str, int]] = {}
        for experiment, state, count in self._surviving(lambda: self._database.execute(query).fetchall()):
            states = counts.setdefault(self._names_of(experiment)[0], {})
            states[state] = states.get(state, 0) + count
        return counts

    # ---- bytes that passed a schema

    def passed(self, schema: str, data: bytes) -> bool:
        """Tell whether these very bytes are known to pass a schema."""
        query = "SELECT 1 FROM passed WHERE schema = ? AND digest = ?"
        return bool(self._surviving(lambda: self._database.execute(query, (schema, _digest(data))).fetchone()))

    def remember_passed(self, schema: str, contents: Iterable[bytes]) -> None:
        """Remember that these bytes pass a schema."""
        rows = [(schema, _digest(data)) for data in contents]
        self._surviving(lambda: self._database.executemany("INSERT OR IGNORE INTO passed VALUES (?, ?)", rows))

    # ---- submitted runs as they were last seen

    def last_seen(self, path: str) -> tuple[str, str] | None:
        """Give the moment and the JSON text of what was last seen of a run that goes on, by its record's path."""
        query = "SELECT moment, run FROM seen WHERE path = ?"
        found = self._surviving(lambda: self._database.execute(query, (path,)).fetchone())
        return (found[0], found[1]) if found else None

    def remember_seen(self, seen: Mapping[str, str], moment: str) -> None:
        """Remember what was seen of runs now, and forget all others."""
        rows = [(path, moment, text) for path, text in seen.items()]

        def write() -> None:
            known = [path for (path,) in self._database.execute("SELECT path FROM seen")]
            self._database.executemany("DELETE FROM seen WHERE path = ?", [(p,) for p in known if p not in seen])
            self._database.executemany("REPLACE INTO seen VALUES (?, ?, ?)", rows)

        self._surviving(write)

    # ---- sizes of storage directories whose run has ended

    def sizes(self) -> dict[str, int]:
        """Give the bytes of storage directories that were measured after their run had ended."""
        return dict(self._surviving(lambda: self._database.execute("SELECT storage, bytes FROM sizes").fetchall()))

    def remember_sizes(self, sizes: Mapping[str, int]) -> None:
        """Remember the bytes of storage directories."""
        rows = list(sizes.items())
        self._surviving(lambda: self._database.executemany("REPLACE INTO sizes VALUES (?, ?)", rows))


def _where(experiments: Sequence[str], *, live: bool = False) -> tuple[str, tuple[str, ...]]:
    parts = ["problem IS NULL"]
    if experiments:
        parts.append(f"experiment IN ({','.join('?' * len(experiments))})")
    if live:
        parts.append("state IN ('queued', 'running', 'held')")
    return " AND ".join(parts), tuple(experiments)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _row(root: Path, path: str, stamp: str) -> tuple[Any, ...]:
    try:
        data = files.read(root / path, limit_bytes=yaml_io.FILE_BYTES_MAX)
        content = yaml_io.load(data, path)
        run = run_codec.from_mapping(content, path)
        if run_codec.path_of(run) != path:
            raise InputInvalid(f"{path}: id: {run.id} of {run.experiment} does not belong in this file")
    except InputInvalid as error:
        return (path, stamp, error.message, *(None,) * 14)
    return (path, stamp, None, *_columns(run), to_json(content))


def _columns(run: Run) -> tuple[Any, ...]:
    return (
        run.number,
        run.uid,
        run.experiment,
        run.state.value,
        run.created,
        run.started,
        run.ended,
        run.description,
        ", ".join(run.tags),
        run.runner.name,
        run.storage,
        len(run.groups),
        sum(group.state.ended for group in run.groups),
    )
