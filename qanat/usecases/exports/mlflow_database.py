"""Whether an SQLite file is a database of MLflow, whose client would add its tables to any other."""

from __future__ import annotations

from pathlib import Path

from qanat.domain.shortening import QUOTED_MAX, shortened
from qanat.errors import InputInvalid
from qanat.system import sqlite_tables

_TABLES = frozenset({"experiments", "runs", "params"})


def is_database(path: Path, shown: str, hint: str) -> bool:
    """Return whether an SQLite file has the tables of MLflow, or none yet. Raises InputInvalid for any other file."""
    try:
        found = sqlite_tables.names(path)
    except InputInvalid as error:
        raise InputInvalid(f"{shown} is not a database of MLflow: {error.message}", hint=hint) from None
    if found and not found >= _TABLES:
        one = shortened(min(found), QUOTED_MAX)
        raise InputInvalid(f"{shown} is not a database of MLflow: it has other tables, such as {one}", hint=hint)
    return bool(found)
