"""The derived index: the content of run records by file, so that listing thousands of runs reads none of them.

It lives in the private folder of the working tree, where no clone brings it, and is never the truth: every row is
keyed by the stamp (times, size, inode) of the file it was read from, and a missing, stale, locked or corrupt index is
rebuilt from nothing. It also remembers which bytes passed which schema.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self, TypeVar

from qanat.domain.columns import RunSummary, columns, numbers
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.layout import RUNS
from qanat.domain.long_work import tracked
from qanat.domain.run import State
from qanat.errors import NotFound
from qanat.records import index_file, index_rows, migrations
from qanat.records.record_stamps import is_settled, stamps

# Increase this when a column or a fact keeps its name but gets its values from somewhere else; others are detected.
_MEANING = 9
_COLUMNS = tuple(columns())
_DECLARED = ", ".join(f"{name} {'INTEGER' if name in numbers() else 'TEXT'}" for name in _COLUMNS)
_TABLES = (
    # Without a rowid, rows as long as these would take twice the space and time.
    "CREATE TABLE runs (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, problem TEXT, too_new INTEGER, "
    f"{_DECLARED}, facts TEXT, record TEXT)",
    "CREATE INDEX newest ON runs (created DESC, number DESC, uid)",
    "CREATE INDEX by_state ON runs (state)",
    "CREATE TABLE passed (schema TEXT, digest BLOB, PRIMARY KEY (schema, digest)) WITHOUT ROWID",
    "CREATE TABLE seen (path TEXT PRIMARY KEY, time TEXT NOT NULL, run TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE sizes (storage TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID",
)
_SUMMARY = ", ".join(RunSummary._fields)
_ACTIVE = ", ".join(f"'{state}'" for state in sorted(State.LIVE))
_NEWEST_FIRST = "ORDER BY created DESC, number DESC, uid"
T = TypeVar("T")


def _layout() -> int:
    """Return the version of these tables, kept in the file; an index of another version is rebuilt."""
    # Rows contain records in the newest version, and this qanat may be able to read what an older one could not.
    fields = (*RunFacts._fields, *GroupFacts._fields)
    parts = (*_TABLES, *fields, str(_MEANING), str(migrations.newest("run")))
    return zlib.crc32("\n".join(parts).encode()) & 0x7FFFFFFF or 1


LAYOUT = _layout()


class Index:
    """The index of one project; use it in a `with` block.

    `names_of` returns the name of an experiment and its former names, which the records of its runs may have.
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
            return index_file.opened(self._file, _TABLES, LAYOUT)
        except (sqlite3.DatabaseError, OSError) as error:
            # A file that others are using is left alone: what they write would end up in a new one.
            return index_file.in_memory(_TABLES, LAYOUT) if _is_busy(error) else self._rebuilt()

    def _rebuilt(self) -> sqlite3.Connection:
        """Start over with an empty file, or in memory if the private folder is not writable."""
        try:
            return index_file.rebuilt(self._file, _TABLES, LAYOUT)
        except (sqlite3.DatabaseError, OSError):
            return index_file.in_memory(_TABLES, LAYOUT)

    def _surviving(self, work: Callable[[], T]) -> T:
        """Do work on the database; on a new one if it is corrupt, and in memory if nothing else works."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not _is_busy(error):
                with contextlib.suppress(sqlite3.DatabaseError):
                    return self._on_new(self._rebuilt, work)
        return self._on_new(lambda: index_file.in_memory(_TABLES, LAYOUT), work)

    def _on_new(self, connect: Callable[[], sqlite3.Connection], work: Callable[[], T]) -> T:
        self._database.close()
        self._database = connect()
        self._sync()
        return work()

    # ---- run records

    def sync(self) -> None:
        """Update the index from the records on disk."""
        self._surviving(self._sync)

    def _sync(self) -> None:
        begun_ns = time.time_ns()
        on_disk = dict(stamps(self._root))
        known = dict(self._database.execute("SELECT path, stamp FROM runs"))
        gone = known.keys() - on_disk.keys()
        changed = [path for path, stamp in on_disk.items() if known.get(path) != stamp]
        if not gone and not changed:
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("DELETE FROM runs WHERE path = ?", [(path,) for path in gone])
            now_ns = min(begun_ns, self._disk_time_ns())
            stored = {path: on_disk[path] if is_settled(on_disk[path], now_ns) else "" for path in changed}
            read = tracked(changed, "run records indexed")
            rows = (row for path in read if (row := index_rows.row(self._root, path, stored[path])))
            self._database.executemany(f"REPLACE INTO runs VALUES ({','.join('?' * index_rows.LENGTH)})", rows)  # noqa: S608
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _disk_time_ns(self) -> int:
        """Return the time by the clock of the file system, which may be that of a server."""
        try:
            os.utime(self._file)
            return self._file.stat().st_mtime_ns
        except OSError:
            return time.time_ns()

    def summaries(
        self, *, experiment: str | None = None, newest: int | None = None, live: bool = False
    ) -> list[RunSummary]:
        """List runs, newest first: of one experiment, at most `newest`, only active ones."""
        return [*map(RunSummary._make, self._rows(_SUMMARY, experiment, newest, live=live))]

    def numbered(self, number: int) -> list[RunSummary]:
        """List the runs with this number; there are several when they come from different clones or branches."""
        query = f"SELECT {_SUMMARY} FROM runs WHERE problem IS NULL AND number = ? ORDER BY uid"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query, (number,)).fetchall())
        return [RunSummary._make(row) for row in rows]

    def nearest(self, number: int, experiment: str | None = None) -> list[RunSummary]:
        """List up to three runs, of this experiment if given, whose numbers are nearest to one."""
        where, values = _where(self._names_of(experiment) if experiment else ())
        order = "ORDER BY abs(number - ?), created DESC, uid LIMIT 3"
        query = f"SELECT {_SUMMARY} FROM runs WHERE {where} {order}"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query, (*values, number)).fetchall())
        return [RunSummary._make(row) for row in rows]

    def record(self, path: str) -> str:
        """Return the record at a path, which the index had, as JSON text. Raises NotFound if it is gone by now."""
        query = "SELECT record FROM runs WHERE path = ?"
        row = self._surviving(lambda: self._database.execute(query, (path,)).fetchone())
        if row is None:  # another command has found it deleted
            raise NotFound(f"run {PurePosixPath(path).stem} was deleted meanwhile")
        return str(row[0])

    def records(self, *, experiment: str | None = None, newest: int | None = None, live: bool = False) -> list[str]:
        """List the same runs as JSON texts of the whole records."""
        return [text for (text,) in self._rows("record", experiment, newest, live=live)]

    def summaries_with_records(
        self, *, experiment: str | None = None, newest: int | None = None
    ) -> list[tuple[RunSummary, str]]:
        """List the same runs with the JSON texts of their records, both as of the same time."""
        rows = self._rows(f"{_SUMMARY}, record", experiment, newest)
        return [(RunSummary._make(row[:-1]), row[-1]) for row in rows]

    def facts(self, *, experiment: str | None = None, newest: int | None = None) -> list[tuple[str, str]]:
        """List the same runs by the paths of their records, with the facts about them (domain.facts)."""
        return self._rows("path, facts", experiment, newest)

    def _rows(
        self, wanted: str, experiment: str | None, newest: int | None, *, live: bool = False
    ) -> list[tuple[Any, ...]]:
        where, values = _where(self._names_of(experiment) if experiment else (), live=live)
        query = f"SELECT {wanted} FROM runs WHERE {where} {_NEWEST_FIRST} LIMIT ?"  # noqa: S608
        return self._surviving(lambda: self._database.execute(query, (*values, newest or -1)).fetchall())

    def data_of_runs(self) -> list[tuple[str, str, str]]:
        """List the id, the experiment and the data, as JSON text, of every run that has some, the newest first."""
        columns = "number || '-' || uid, experiment, json_extract(record, '$.data') AS data"
        query = f"SELECT {columns} FROM runs WHERE problem IS NULL AND data IS NOT NULL {_NEWEST_FIRST}"  # noqa: S608
        return self._surviving(lambda: self._database.execute(query).fetchall())

    def code_commits(self) -> list[tuple[str, str, str]]:
        """List the record's path, the id and the commit of every run whose commit is known, in launch order."""
        columns = "path, number || '-' || uid, json_extract(record, '$.code.commit')"
        query = f"SELECT {columns} FROM runs WHERE problem IS NULL ORDER BY created, number, uid"  # noqa: S608
        found = self._surviving(lambda: self._database.execute(query).fetchall())
        return [row for row in found if row[2].strip("0")]

    def launched(self) -> list[tuple[str, str, bool, str]]:
        """List the record's path, the commit, whether that is a snapshot, and the state of every run."""
        code = "json_extract(record, '$.code.commit'), json_extract(record, '$.code.snapshot')"
        query = f"SELECT path, {code}, state FROM runs WHERE problem IS NULL ORDER BY path"  # noqa: S608
        rows = self._surviving(lambda: self._database.execute(query).fetchall())
        return [(path, commit, bool(snapshot), state) for path, commit, snapshot, state in rows]

    def code_trees(self) -> dict[str, str]:
        """Map the commit of every run to the id of its tree without run records."""
        columns = "json_extract(record, '$.code.commit'), json_extract(record, '$.code.tree')"
        query = f"SELECT DISTINCT {columns} FROM runs WHERE problem IS NULL"  # noqa: S608
        return dict(self._surviving(lambda: self._database.execute(query).fetchall()))

    def unreadable(self, experiment: str | None = None) -> list[str]:
        """List why records cannot be read, one sentence each: all of them, or those of one experiment."""
        query = "SELECT path, problem FROM runs WHERE problem IS NOT NULL ORDER BY path"
        rows = self._surviving(lambda: self._database.execute(query).fetchall())
        folders = [f"{RUNS}/{name}/" for name in (self._names_of(experiment) if experiment else ())] or [""]
        return [problem for path, problem in rows if path.startswith(tuple(folders))]

    def hidden(self) -> list[str]:
        """List the folders of records that this user may not read, one sentence each."""
        query = "SELECT problem FROM runs WHERE problem IS NOT NULL AND path NOT GLOB '*.yaml' ORDER BY path"
        return [row[0] for row in self._surviving(lambda: self._database.execute(query).fetchall())]

    def problem_of(self, number: int, uid: str | None) -> str | None:
        """Return why the record of a run, by its number and maybe its uid, cannot be read; None if there is none."""
        query = "SELECT problem FROM runs WHERE problem IS NOT NULL AND path GLOB ? ORDER BY path"
        pattern = f"*/{number}-{uid or '*'}.yaml"
        row = self._surviving(lambda: self._database.execute(query, (pattern,)).fetchone())
        return str(row[0]) if row else None

    def too_new(self) -> list[str]:
        """List the paths of records that only a newer qanat can read."""
        query = "SELECT path FROM runs WHERE too_new ORDER BY path"
        return [row[0] for row in self._surviving(lambda: self._database.execute(query).fetchall())]

    def storages(self) -> list[tuple[str, str]]:
        """List the id and the storage directory of every run."""
        query = "SELECT number || '-' || uid, storage FROM runs WHERE problem IS NULL ORDER BY path"
        return self._surviving(lambda: self._database.execute(query).fetchall())

    def identities(self) -> list[tuple[str, str, str]]:
        """List the record's path, the id and the intent of every run."""
        columns = "path, number || '-' || uid, json_extract(record, '$.submission.intent')"
        query = f"SELECT {columns} FROM runs WHERE problem IS NULL ORDER BY path"  # noqa: S608
        return self._surviving(lambda: self._database.execute(query).fetchall())

    def submitted(self) -> list[str]:
        """List the records of runs that were handed to a scheduler, as JSON texts."""
        where = "problem IS NULL AND json_extract(record, '$.submission.submitted') IS NOT NULL"
        query = f"SELECT record FROM runs WHERE {where} ORDER BY path"  # noqa: S608
        return [row[0] for row in self._surviving(lambda: self._database.execute(query).fetchall())]

    def coming_after(self, run_id: str) -> list[str]:
        """List the records of the runs that come after a run, as JSON texts, in launch order."""
        named = "EXISTS (SELECT 1 FROM json_each(record, '$.after') WHERE json_extract(value, '$.run') = ?)"
        where = f"problem IS NULL AND instr(record, '\"after\"') AND {named} ORDER BY created, number, uid"
        query = f"SELECT record FROM runs WHERE {where}"  # noqa: S608
        return [row[0] for row in self._surviving(lambda: self._database.execute(query, (run_id,)).fetchall())]

    def counts(self, now: Mapping[str, str] | None = None) -> dict[str, dict[str, int]]:
        """Count the runs by experiment and state.

        `now` has the states, by the record's path, of active runs that are known better than by their records.
        """
        active = f"CASE WHEN state IN ({_ACTIVE}) THEN path END"
        query = (
            f"SELECT experiment, state, {active} AS active, COUNT(*) FROM runs WHERE problem IS NULL "  # noqa: S608
            "GROUP BY experiment, state, active"
        )
        counts: dict[str, dict[str, int]] = {}
        for experiment, state, path, count in self._surviving(lambda: self._database.execute(query).fetchall()):
            states = counts.setdefault(self._names_of(experiment)[0], {})
            current = (now or {}).get(path, state)
            states[current] = states.get(current, 0) + count
        return counts

    # ---- bytes that passed a schema

    def passed(self, schema: str, data: bytes) -> bool:
        """Return whether exactly these bytes are known to pass a schema."""
        query = "SELECT 1 FROM passed WHERE schema = ? AND digest = ?"
        return bool(self._surviving(lambda: self._database.execute(query, (schema, digest(data))).fetchone()))

    def remember_passed(self, schema: str, contents: Iterable[bytes]) -> None:
        """Remember that these bytes pass a schema."""
        rows = [(schema, digest(data)) for data in contents]
        self._surviving(lambda: self._database.executemany("INSERT OR IGNORE INTO passed VALUES (?, ?)", rows))

    # ---- submitted runs as last seen

    def last_seen(self, path: str) -> tuple[str, str] | None:
        """Return when an active run was last seen, and what was seen as JSON text, by the path of its record."""
        query = "SELECT time, run FROM seen WHERE path = ?"
        found = self._surviving(lambda: self._database.execute(query, (path,)).fetchone())
        return (found[0], found[1]) if found else None

    def remember_seen(self, seen: Mapping[str, str], time: str) -> None:
        """Remember what was just seen of runs, and forget all others."""
        rows = [(path, time, text) for path, text in seen.items()]

        def write() -> None:
            known = [path for (path,) in self._database.execute("SELECT path FROM seen")]
            self._database.executemany("DELETE FROM seen WHERE path = ?", [(p,) for p in known if p not in seen])
            self._database.executemany("REPLACE INTO seen VALUES (?, ?, ?)", rows)

        self._surviving(write)

    # ---- sizes of storage directories of ended runs

    def sizes(self) -> dict[str, int]:
        """Return the sizes of storage directories that were measured after their run had ended."""
        return dict(self._surviving(lambda: self._database.execute("SELECT storage, bytes FROM sizes").fetchall()))

    def remember_sizes(self, sizes: Mapping[str, int]) -> None:
        """Remember the sizes of storage directories."""
        rows = list(sizes.items())
        self._surviving(lambda: self._database.executemany("REPLACE INTO sizes VALUES (?, ?)", rows))


def _where(experiments: Sequence[str], *, live: bool = False) -> tuple[str, tuple[str, ...]]:
    parts = ["problem IS NULL"]
    if experiments:
        parts.append(f"experiment IN ({','.join('?' * len(experiments))})")
    if live:
        parts.append(f"state IN ({_ACTIVE})")
    return " AND ".join(parts), tuple(experiments)


def _is_busy(error: Exception) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def digest(data: bytes) -> bytes:
    """Return what stands for bytes that passed a schema."""
    return hashlib.blake2b(data, digest_size=16).digest()
