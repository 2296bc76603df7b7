"""The newest values in a file of series, without reading all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple

from qanat.domain.series import STEP, CsvLines, JsonLines
from qanat.system import files

END_BYTES = 65_536


class Newest(NamedTuple):
    """The newest values, by name, and the step of the last line; None if it names none."""

    step: float | None
    values: Mapping[str, float]


def newest(path: Path, keys: Sequence[str] = ()) -> Newest | None:
    """Return the newest values in the last lines of a file; None if there are none, or it cannot be read."""
    is_csv = path.name.endswith(".csv")
    try:
        with files.open_unlinked(path) as file:
            header = file.readline(END_BYTES) if is_csv else b""
            lines = _last_lines(file, len(header))
    except OSError:
        return None
    points = (CsvLines if is_csv else JsonLines)(keys).parse(header + lines) if lines else []
    if not points:
        return None
    has_step = STEP in header.decode("utf-8", "replace").strip().split(",") if is_csv else _names_step(lines)
    step = max(points, key=lambda one: one.steps[-1]).steps[-1] if has_step else None
    return Newest(step, {name: values[-1] for name, _, values in points})


def names(path: Path) -> list[str]:
    """List the names in the last lines of a file; none if it cannot be read."""
    end = newest(path)
    return [*end.values] if end else []


def _last_lines(file: BinaryIO, begin: int) -> bytes:
    """Return the last whole lines of a file after its first bytes, at most END_BYTES."""
    start = max(begin, file.seek(0, SEEK_END) - END_BYTES)
    file.seek(start)
    data = file.read(END_BYTES)
    first = 0 if start == begin else data.find(b"\n") + 1
    return data[first : data.rfind(b"\n") + 1]


def _names_step(lines: bytes) -> bool:
    """Return whether the last of these lines has a step of its own."""
    try:
        return STEP in json.loads(lines.splitlines()[-1])
    except (ValueError, TypeError, RecursionError):
        return False
