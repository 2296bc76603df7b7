"""What the index has of each record: its columns, the whole record, and the facts that conditions and tables need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qanat.domain import facts
from qanat.domain.columns import columns
from qanat.domain.json_text import to_json
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid, VersionTooNew
from qanat.records import run_codec, schemas, yaml_io
from qanat.system import below, files

PROBLEM_MAX = 1_000
# Path, stamp, problem and whether it is too new; the columns; the facts and the record.
LENGTH = 4 + len(columns()) + 2


def row(root: Path, path: str, stamp: str) -> tuple[Any, ...] | None:
    """Return the row of a record; None if the file has just been deleted."""
    try:
        data = below.read(root, path, yaml_io.FILE_BYTES_MAX)
        content = schemas.current(yaml_io.load(data, path), "run", path)
        run = run_codec.from_mapping(content, path)
        if run_codec.path_of(run) != path:
            raise InputInvalid(f"{path}: id: {run.id} of {run.experiment} does not belong in this file")
    except VersionTooNew as error:
        return _unreadable(path, stamp, f"{error.message}; {error.hint}", too_new=True)
    except InputInvalid as error:
        return _unreadable(path, stamp, error.message, too_new=False) if _is_there(root / path) else None
    values = (column.take(run) for column in columns().values())
    return (path, stamp, None, False, *values, facts.to_text(facts.facts_of(run)), to_json(content))


def _is_there(path: Path) -> bool:
    return os.path.lexists(path) or files.is_hidden(path)


def _unreadable(path: str, stamp: str, problem: str, *, too_new: bool) -> tuple[Any, ...]:
    return (path, stamp, shortened(problem, PROBLEM_MAX), too_new, *(None,) * (LENGTH - 4))
