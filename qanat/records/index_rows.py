"""What the index has of each record: its columns, the whole record, and the facts that conditions and tables need."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

from qanat.domain import facts
from qanat.domain.columns import columns
from qanat.domain.json_text import to_json
from qanat.domain.run import Run
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid, VersionTooNew
from qanat.records import packed_text, run_codec, schemas, yaml_io
from qanat.records.index_tables import OTHERS
from qanat.system import below, files

PROBLEM_MAX = 1_000
_NOTHING = (None,) * (len(columns()) + len(OTHERS))


class RecordRow(NamedTuple):
    """The row of a record: its path, its digest, why it cannot be read, its columns, and its texts as packed."""

    path: str
    digest: bytes | None
    problem: str | None
    too_new: bool
    values: tuple[Any, ...]
    facts_length: int | None
    packed: bytes | None


def row(root: Path, path: str) -> RecordRow | None:
    """Return the row of a record; None if the file has just been deleted."""
    try:
        data = below.read(root, path, yaml_io.FILE_BYTES_MAX)
        content = schemas.current(yaml_io.load(data, path), "run", path)
        run = run_codec.from_mapping(content, path)
        if run_codec.path_of(run) != path:
            raise InputInvalid(f"{path}: id: {run.id} of {run.experiment} does not belong in this file")
    except VersionTooNew as error:
        return _unreadable(path, f"{error.message}; {error.hint}", too_new=True)
    except InputInvalid as error:
        return _unreadable(path, error.message, too_new=False) if _is_there(root / path) else None
    values = (*(column.take(run) for column in columns().values()), *_others(run))
    packed = packed_text.pack(facts.to_text(facts.facts_of(run)), to_json(content))
    return RecordRow(path, digest(data), None, False, values, *packed)


def digest(data: bytes) -> bytes:
    """Return what stands for the bytes of a file."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _others(run: Run) -> tuple[Any, ...]:
    """Return the values of OTHERS."""
    code, submission = run.code, run.submission
    flags = submission.submitted is not None, bool(run.after), bool(run.data)
    odd = any(not math.isfinite(value) for group in run.groups for value in group.metrics.values())
    return code.commit, code.tree, code.snapshot, submission.intent, *flags, odd, " ".join(_found(run))


def _found(run: Run) -> list[str]:
    """List the files of environments that a record names, each as its kind and its hash."""
    machines = sorted({group.machine for group in run.groups if group.machine})
    return [*([f"environment/{run.environment}"] if run.environment else []), *(f"machine/{name}" for name in machines)]


def _is_there(path: Path) -> bool:
    return os.path.lexists(path) or files.is_hidden(path)


def _unreadable(path: str, problem: str, *, too_new: bool) -> RecordRow:
    return RecordRow(path, None, shortened(problem, PROBLEM_MAX), too_new, _NOTHING, None, None)
