"""Comparing the files that two runs left: identical, equal as numbers, different, or missing."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.completion import COMPLETION
from qanat.errors import RunnerUnavailable
from qanat.records import storage

IDENTICAL = "identical"
EQUAL = "equal"
DIFFERENT = "different"
MISSING = "missing"

# These tell of the run itself (ids, moments, paths) and differ by nature.
_OWN = frozenset({storage.INFO, storage.GROUP_INFO, COMPLETION, "actions.yaml"})


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One file of two runs, by its path from the storage directory."""

    path: str
    verdict: str
    detail: str = ""


def compare(first: Path, again: Path, rtol: float) -> list[FileVerdict]:
    """Compare every file of two storage directories; numbers in npz, npy, json and csv count as equal within rtol.

    Relative tolerance as in math.isclose, with an absolute one of the same size around 0.
    """
    names = sorted({*_names(first), *_names(again)})
    return [_compare_file(name, first / name, again / name, rtol) for name in names]


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.name not in _OWN and "attempts" not in parts:
            yield "/".join(parts)


def _compare_file(name: str, a: Path, b: Path, rtol: float) -> FileVerdict:
    for path, side in ((a, "first"), (b, "second")):
        if not path.is_file():
            return FileVerdict(name, MISSING, f"not in the {side}")
    if filecmp.cmp(a, b, shallow=False):
        return FileVerdict(name, IDENTICAL)
    reader = _READERS.get(a.suffix.lower())
    if reader is None:
        return FileVerdict(name, DIFFERENT)
    try:
        difference = _difference(reader(a), reader(b), rtol)
    except (ValueError, OSError, RecursionError) as error:
        return FileVerdict(name, DIFFERENT, f"cannot be read as numbers: {error}")
    return FileVerdict(name, DIFFERENT, difference) if difference else FileVerdict(name, EQUAL, f"within {rtol:g}")


def _difference(a: Any, b: Any, rtol: float, where: str = "") -> str:
    """Say where two values differ; empty when they do not."""
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return f"{where or 'top'}: other keys"
        return next((d for k in a if (d := _difference(a[k], b[k], rtol, f"{where}.{k}".lstrip(".")))), "")
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{where or 'top'}: {len(a)} and {len(b)} items"
        return next((d for i, x in enumerate(a) if (d := _difference(x, b[i], rtol, f"{where}[{i}]"))), "")
    return "" if _same(a, b, rtol) else f"{where or 'value'}: {a!r} and {b!r}"[:200]


def _same(a: Any, b: Any, rtol: float) -> bool:
    numbers = isinstance(a, int | float | complex) and isinstance(b, int | float | complex)
    if not numbers or isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b) and bool(a == b)
    if isinstance(a, complex) or isinstance(b, complex):
        return bool(abs(a - b) <= rtol * max(abs(a), abs(b), 1.0))
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol, abs_tol=rtol)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _read_csv(path: Path) -> list[list[Any]]:
    return [[_number(cell) for cell in row] for row in csv.reader(io.StringIO(path.read_text()))]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _read_arrays(path: Path) -> Any:
    """Read an npz or npy file; nothing pickled in it is loaded."""
    try:
        import numpy as np
    except ImportError:
        raise RunnerUnavailable(f"numpy is needed to compare {path.name}", hint="pip install numpy") from None
    loaded = np.load(path, allow_pickle=False)
    return {name: loaded[name].tolist() for name in loaded.files} if path.suffix == ".npz" else loaded.tolist()


_READERS = {".json": _read_json, ".csv": _read_csv, ".npz": _read_arrays, ".npy": _read_arrays}
