"""The newest values in a file of series, without reading all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple

from qanat.domain.csv_lines import CsvLines, names_in_header
from qanat.domain.json_lines import JsonLines
from qanat.domain.series import STEP
from qanat.system import below

END_BYTES = 65_536


class Newest(NamedTuple):
    """The newest values, by name, and the step of the last line; None if it names none."""

    step: float | None
    values: Mapping[str, float]


def newest(folder: Path, name: str, keys: Sequence[str] = ()) -> Newest | None:
    """Return the newest values in the last lines of a file in a directory; None if there are none to be read."""
    is_csv = name.endswith(".csv")
    try:
        with below.open_file(folder, name) as file:
            header = file.readline(END_BYTES) if is_csv else b""
            lines = _last_lines(file, len(header))
    except OSError:
        return None
    points = (CsvLines if is_csv else JsonLines)(keys).parse(header + lines) if lines else []
    if not points:
        return None
    has_step = STEP in names_in_header(header.decode("utf-8", "replace")) if is_csv else _names_step(lines)
    step = max(points, key=lambda one: one.steps[-1]).steps[-1] if has_step else None
    return Newest(step, {one.name: one.values[-1] for one in points})


def names(folder: Path, name: str) -> list[str]:
    """List the names in the last lines of a file in a directory; none if it cannot be read."""
    end = newest(folder, name)
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
