"""The database of qanat 0.x: an SQLite file, which is read in one go and never written.

It had a table each for experiments, datasets, actions, tags, runs and their groups of parameters, and tables
that link these. Columns differ between versions; a missing one reads as None and is remarked on.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qanat.errors import InputInvalid
from qanat.system import files

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
# Only later versions have these, so nothing is said if they are missing.
LATER = {"runs_of_experiments": ("param_file",)}
_HINT = "qanat 0.x kept it in .qanat/database.db; runs of another tool need its name, such as: --from mlflow"
# Leaving these out loses nothing: progress is in the run's own file, and rows have no numbers of their own here.
LEFT_OUT = frozenset({"id", "progress"})
DATES = frozenset({"created", "updated"})


class V0Database(NamedTuple):
    """The rows of every table, and a remark on everything that is missing or is not imported."""

    tables: dict[str, list[Row]]
    remarks: list[str]


def read(file: Path) -> V0Database:
    """Read a database. Raises InputInvalid for a file that is not a qanat 0.x database."""
    if not files.is_file(file):
        problem = " is a folder, and no database of qanat 0.x" if files.is_folder(file) else ": there is no such file"
        raise InputInvalid(f"{file}{problem}", hint=_HINT)
    try:
        with _open_read_only(file) as database:
            return _read(database, file)
    except sqlite3.DatabaseError as error:
        problem = str(error)
        if "locked" in problem or "busy" in problem:
            raise InputInvalid(f"{file}: another program is writing to it", hint="wait until it has finished") from None
        raise InputInvalid(
            f"{file} cannot be read as a qanat 0.x database: {problem}",
            hint=_HINT,
        ) from None


@contextlib.contextmanager
def _open_read_only(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        yield database
    finally:
        database.close()


def _read(database: sqlite3.Connection, file: Path) -> V0Database:
    there = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := [name for name in NEEDED if name not in there]:
        raise InputInvalid(
            f"{file} is not a qanat 0.x database: it has no table {missing[0]}",
            hint=_HINT,
        )
    remarks: list[str] = []
    tables = {name: _rows(database, name, remarks) if name in there else [] for name in TABLES}
    remarks += [f"the database has no table {name}" for name in TABLES if name not in there]
    for name in sorted(there - TABLES.keys()):
        query = f'SELECT COUNT(*) FROM "{_quoted(name)}"'  # noqa: S608
        if not name.startswith("sqlite_") and (count := _count(database, query)):
            remarks.append(f"table {name} is not imported; number of rows: {count:,}")
    return V0Database(tables, remarks)


def _rows(database: sqlite3.Connection, table: str, remarks: list[str]) -> list[Row]:
    columns = [str(row[1]) for row in database.execute(f'PRAGMA table_info("{table}")')]
    known = (*TABLES[table], *LATER.get(table, ()))
    remarks += [f"table {table} has no column {c}" for c in TABLES[table] if c not in columns and c != "id"]
    if DATES & set(columns):
        remarks.append("creation and modification dates of experiments, datasets and actions are not imported")
    for column in columns:
        if column not in known and column not in LEFT_OUT | DATES:
            name = _quoted(column)
            # S608: the names are quoted, and come from the file's own list of columns.
            query = f'SELECT COUNT(*) FROM "{table}" WHERE "{name}" IS NOT NULL AND "{name}" NOT IN (\'\', \'null\')'  # noqa: S608
            if count := _count(database, query):
                remarks.append(f"column {column} of table {table} is not imported; rows with a value: {count:,}")
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
