"""The SQLite file of the index, opened only if this user wrote it and it has nothing but the index's own tables.

A view or a trigger in it would run when a table is read, and a link would lead elsewhere. Files that are not as they
should be raise an error, and the index is rebuilt.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

LOCK_WAIT_S = 5.0
PAGE_BYTES = 16_384  # several records on each
_BESIDE = ("", "-journal", "-wal", "-shm")


def name() -> str:
    """Return the name of this user's index; others who work in the same folder have their own."""
    return f"index-{os.geteuid()}.sqlite"


def opened(file: Path, tables: Sequence[str], layout: int) -> sqlite3.Connection:
    """Open the index with these tables, creating it if needed. Raises sqlite3.DatabaseError and OSError."""
    file.parent.mkdir(exist_ok=True)
    for suffix in _BESIDE:
        _check_own(file.with_name(f"{file.name}{suffix}"))
    return _connect(str(file), tables, layout)


def rebuilt(file: Path, tables: Sequence[str], layout: int) -> sqlite3.Connection:
    """Remove the index and create an empty one. Raises sqlite3.DatabaseError and OSError."""
    for suffix in _BESIDE:
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
    return opened(file, tables, layout)


def in_memory(tables: Sequence[str], layout: int) -> sqlite3.Connection:
    """Create an empty index that is gone once it is closed."""
    return _connect(":memory:", tables, layout)


def _check_own(file: Path) -> None:
    """Raise OSError if something other than a plain file that belongs to this user alone is in the place of a file."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        raise OSError(0, "is not a file of this user", str(file))


def _connect(place: str, tables: Sequence[str], layout: int) -> sqlite3.Connection:
    database = sqlite3.connect(place, timeout=LOCK_WAIT_S, isolation_level=None)
    try:
        if sys.version_info >= (3, 12):
            database.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file
        if _layout(database) != layout:
            _create(database, tables, layout)
        if sorted(_objects(database)) != sorted(tables):
            raise sqlite3.DatabaseError("the index has tables, views or triggers that are not its own")
    except BaseException:
        database.close()
        raise
    return database


def _create(database: sqlite3.Connection, tables: Sequence[str], layout: int) -> None:
    """Replace tables of another layout; whatever else there is makes the index unusable."""
    database.execute("BEGIN IMMEDIATE")
    if _layout(database) != layout:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f'DROP TABLE "{table}"')
        for statement in tables:
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {layout}")
    database.execute("COMMIT")


def _layout(database: sqlite3.Connection) -> int:
    """Return the version of the tables, kept in the file; 0 if there are none yet."""
    found: int = database.execute("PRAGMA user_version").fetchone()[0]
    return found


def _objects(database: sqlite3.Connection) -> list[str]:
    """List the statements that created what the file has; those of primary keys have none."""
    return [str(sql) for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
