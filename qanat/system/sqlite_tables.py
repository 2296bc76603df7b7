"""The tables of an SQLite file, which is only read."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from qanat.errors import InputInvalid


def names(path: Path) -> set[str]:
    """Return the names of the tables in a file. Raises InputInvalid with what SQLite says of another file."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise InputInvalid(str(error)) from None
