"""Comparing the files that two runs left: identical, equal as numbers, different, or missing."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.shortening import quoted
from qanat.records import storage
from qanat.usecases import packages
from qanat.usecases.runs import action

IDENTICAL = "identical"
EQUAL = "equal"
DIFFERENT = "different"
MISSING = "missing"

# These files describe the run itself (ids, times, paths, speeds) and always differ; they are next to a group's outputs.
_OWN = frozenset({storage.INFO, storage.GROUP_INFO, storage.PROGRESS, COMPLETION, STOPPED, action.NOTES, "attempts"})
_GROUP = re.compile(r"group_[0-9]+\Z")
_UNREADABLE = (ValueError, OSError, RecursionError, OverflowError, EOFError, csv.Error, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One file of two runs, by its path relative to the storage directory."""

    path: str
    verdict: str
    detail: str = ""


def compare(first: Path, again: Path, rtol: float, left_by_runners: frozenset[str] = frozenset()) -> list[FileVerdict]:
    """Compare every file of two storage directories; numbers in npz, npy, json and csv count as equal within rtol.

    The tolerance is relative, as in math.isclose, with an absolute one of the same size around 0. Files that an action
    made from the first run's results, and files of the runners, are not outputs of the program and are left out.
    """
    own = _OWN | left_by_runners
    names = sorted({*_names(first, own)} - _made_by_actions(first) | {*_names(again, own)})
    return [_compare_file(name, first / name, again / name, rtol) for name in names]


def _names(folder: Path, own: frozenset[str]) -> Iterator[str]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and _inside_group(parts)[0] not in own:
            yield "/".join(parts)


def _made_by_actions(folder: Path) -> set[str]:
    """Return the files that actions on a run or on its groups have made, by paths relative to its directory."""
    folders = [folder, *(path for path in folder.glob("group_*") if _GROUP.match(path.name))]
    places = {place: place.relative_to(folder) for place in folders}
    return {(places[place] / name).as_posix() for place in folders for name in action.made_by_actions(place)}


def _inside_group(parts: tuple[str, ...]) -> tuple[str, ...]:
    return parts[1:] if len(parts) > 1 and _GROUP.match(parts[0]) else parts


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
    except _UNREADABLE as error:
        return FileVerdict(name, DIFFERENT, f"cannot be read as numbers: {error}")
    return FileVerdict(name, DIFFERENT, difference) if difference else FileVerdict(name, EQUAL, f"within {rtol:g}")


def _difference(a: Any, b: Any, rtol: float, where: str = "") -> str:
    """Return where two values differ; empty if they do not."""
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return f"{where or 'top'}: other keys"
        return next((d for k in a if (d := _difference(a[k], b[k], rtol, f"{where}.{k}".lstrip(".")))), "")
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{where or 'top'}: {len(a)} and {len(b)} items"
        return next((d for i, x in enumerate(a) if (d := _difference(x, b[i], rtol, f"{where}[{i}]"))), "")
    if hasattr(a, "dtype") and hasattr(b, "dtype"):
        return _array_difference(a, b, rtol, where or "values")
    return "" if _are_close(a, b, rtol) else f"{where or 'value'}: {quoted(a)} and {quoted(b)}"[:200]


def _array_difference(a: Any, b: Any, rtol: float, where: str) -> str:
    """Return where two arrays differ; empty if they do not."""
    import numpy as np

    if a.shape != b.shape:
        return f"{where}: shapes {a.shape} and {b.shape}"
    if a.dtype.kind not in "iufc" or b.dtype.kind not in "iufc":
        same = a.dtype.kind == b.dtype.kind and _difference(a.tolist(), b.tolist(), rtol) == ""
        return "" if same else f"{where}: not the same"
    kind = np.result_type(a.dtype, b.dtype, np.float64)  # differences of unsigned numbers would wrap around
    x, y = a.astype(kind), b.astype(kind)
    with np.errstate(all="ignore"):
        near = np.abs(x - y) <= rtol * np.maximum(np.maximum(np.abs(x), np.abs(y)), 1.0)
    apart = ~((a == b) | (near & np.isfinite(x) & np.isfinite(y)) | (np.isnan(x) & np.isnan(y)))
    if not apart.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(apart)[0])
    return f"{where}{list(place)}: {a[place]} and {b[place]}, {int(apart.sum()):,} of {a.size:,} differ"


def _are_close(a: Any, b: Any, rtol: float) -> bool:
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    if not numbers or isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b) and bool(a == b)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol, abs_tol=rtol)


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
    """Read an npz or npy file; pickled objects in it are not loaded."""
    try:
        import numpy as np
    except ImportError:
        raise packages.missing(f"comparing {path.name} requires", "numpy") from None
    loaded = np.load(path, allow_pickle=False)
    if not hasattr(loaded, "files"):
        return loaded
    with loaded:
        return {name: loaded[name] for name in loaded.files}


_READERS = {".json": _read_json, ".csv": _read_csv, ".npz": _read_arrays, ".npy": _read_arrays}
