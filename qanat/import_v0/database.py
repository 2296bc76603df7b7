"""The first qanat's database: an SQLite file, of which everything is read at once and nothing is ever written.

It had a table for experiments, datasets, actions and tags each, for runs and their groups of parameters, and
tables that link these. Versions differ in columns; what is missing reads as None, and is remarked.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qanat.errors import InputInvalid

Row = dict[str, Any]

TABLES = {
    "experiments": ("id", "name", "description", "path", "executable", "executable_command"),
    "datasets": ("id", "name", "description", "path"),
    "tags": ("id", "name", "description"),
    "actions": ("id", "experiment_id", "name", "description", "executable", "executable_command"),
    "runs_of_experiments": (
        *("id", "experiment_id", "launched", "finished", "status", "storage_path", "description", "metric"),
        *("commit_sha", "runner", "runner_params", "container_path", "comment_file"),
    ),
    "groups_of_parameters": ("id", "run_id", "values"),
    "runs_tags": ("run_id", "tag_id"),
    "datasets_experiments": ("dataset_id", "experiment_id"),
    "experiments_tags": ("experiment_id", "tag_id"),
    "datasets_tags": ("dataset_id", "tag_id"),
}
NEEDED = ("experiments", "runs_of_experiments")
# Later versions only, so nothing is said where they are missing.
LATER = {"runs_of_experiments": ("param_file",)}
# Nothing is lost with these: progress is in the run's own file, and rows have no number of their own here.
LEFT_OUT = frozenset({"id", "progress"})
DATES = frozenset({"created", "updated"})


class FirstDatabase(NamedTuple):
    """The rows of every table, and a sentence on each thing that is missing or has no place here."""

    tables: dict[str, list[Row]]
    remarks: list[str]


def read(file: Path) -> FirstDatabase:
    """Read a database. Raises InputInvalid when the file is none of the first qanat's."""
    if not file.is_file():
        raise InputInvalid(f"{file}: there is no such file", hint="the first qanat kept it as .qanat/database.db")
    try:
        with _opened(file) as database:
            return _read(database, file)
    except sqlite3.DatabaseError as error:
        problem = str(error)
        if "locked" in problem or "busy" in problem:
            raise InputInvalid(f"{file}: another program is writing it", hint="wait for its end") from None
        raise InputInvalid(
            f"{file} cannot be read as a database of the first qanat: {problem}", hint="give its .qanat/database.db"
        ) from None


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        yield database
    finally:
        database.close()


def _read(database: sqlite3.Connection, file: Path) -> FirstDatabase:
    there = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := [name for name in NEEDED if name not in there]:
        raise InputInvalid(
            f"{file} is not a database of the first qanat: it has no table {missing[0]}",
            hint="give its .qanat/database.db",
        )
    remarks: list[str] = []
    tables = {name: _rows(database, name, remarks) if name in there else [] for name in TABLES}
    remarks += [f"the database has no table {name}" for name in TABLES if name not in there]
    for name in sorted(there - TABLES.keys()):
        query = f'SELECT COUNT(*) FROM "{_quoted(name)}"'  # noqa: S608
        if not name.startswith("sqlite_") and (count := _count(database, query)):
            remarks.append(f"table {name} has no place here; it has rows: {count:,}")
    return FirstDatabase(tables, remarks)


def _rows(database: sqlite3.Connection, table: str, remarks: list[str]) -> list[Row]:
    columns = [str(row[1]) for row in database.execute(f'PRAGMA table_info("{table}")')]
    known = (*TABLES[table], *LATER.get(table, ()))
    remarks += [f"table {table} has no column {c}" for c in TABLES[table] if c not in columns and c != "id"]
    if DATES & set(columns):
        remarks.append("when experiments, datasets and actions were made and changed has no place here")
    for column in columns:
        if column not in known and column not in LEFT_OUT | DATES:
            name = _quoted(column)
            # S608: names are quoted, and come from the file's own list of columns.
            query = f'SELECT COUNT(*) FROM "{table}" WHERE "{name}" IS NOT NULL AND "{name}" NOT IN (\'\', \'null\')'  # noqa: S608
            if count := _count(database, query):
                remarks.append(f"column {column} of table {table} has no place here; rows that have it: {count:,}")
    here = [c for c in known if c in columns]
    chosen = ", ".join(f'"{c}"' for c in here)
    order = " ORDER BY id" if "id" in columns else ""
    query = f'SELECT {chosen} FROM "{table}"{order}'  # noqa: S608
    rows = database.execute(query).fetchall() if here else []
    return [dict.fromkeys(known) | dict(zip(here, row, strict=True)) for row in rows]


def _count(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0])


def _quoted(name: str) -> str:
    return name.replace('"', '""')
