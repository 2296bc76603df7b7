"""Comparing the files that two runs left: identical, equal as numbers, different, or missing."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qanat.domain.reproduction import (
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    MISSING,
    NOT_IN_FIRST,
    NOT_IN_SECOND,
    UNREADABLE,
    FileVerdict,
    are_close,
)
from qanat.domain.shortening import quoted
from qanat.errors import reason
from qanat.records import manifest, storage
from qanat.system import folders
from qanat.usecases import packages

_GROUP = re.compile(r"group_[0-9]+\Z")
_UNREADABLE = (ValueError, OSError, RecursionError, OverflowError, EOFError, csv.Error, zipfile.BadZipFile, zlib.error)


def compare(first: Path, again: Path, rtol: float, left_by_runners: frozenset[str] = frozenset()) -> list[FileVerdict]:
    """Compare every file of two storage directories; numbers in npz, npy, json and csv count as equal within rtol.

    The tolerance is relative, as in math.isclose, with an absolute one of the same size around 0. Files that an action
    made from the first run's results, files of qanat and of the runners, and links are left out: the program did not
    write them.
    """
    own = storage.GENERATED_FILES | left_by_runners
    (before, unread), (after, unread_after) = _names(first, own), _names(again, own)
    before -= _made_by_actions(first)
    found = [FileVerdict(name, UNREADABLE, f"in the first: {why}") for name, why in unread.items()]
    found += [FileVerdict(name, UNREADABLE, f"in the second: {why}") for name, why in unread_after.items()]
    for name in sorted(before | after):
        if name in before and name in after:
            found.append(_compare_file(name, first / name, again / name, rtol))
        else:
            found.append(FileVerdict(name, MISSING, NOT_IN_FIRST if name in after else NOT_IN_SECOND))
    return found


def _names(folder: Path, own: frozenset[str]) -> tuple[set[str], dict[str, str]]:
    """List the regular files of a storage directory by their paths in it, and why folders in it could not be read.

    Those of these names are left out.
    """
    try:
        found = manifest.left_in(folders.plain(folder), ())
    except OSError:
        return set(), {}
    unreadable = {path: why for path, why in found.unreadable.items() if _counts(path, own)}
    return {path for path in found.sizes if _counts(path, own)}, unreadable


def _counts(path: str, own: frozenset[str]) -> bool:
    return _inside_group(path.split("/"))[0] not in own


def _made_by_actions(folder: Path) -> set[str]:
    """Return the files that actions on a run or on its groups have made, by paths relative to its directory."""
    places = [folder, *(path for path in folder.glob("group_*") if _GROUP.match(path.name))]
    inner = {place: place.relative_to(folder) for place in places}
    return {(inner[place] / name).as_posix() for place in places for name in storage.made_by_actions(place)}


def _inside_group(parts: Sequence[str]) -> Sequence[str]:
    return parts[1:] if len(parts) > 1 and _GROUP.match(parts[0]) else parts


def _compare_file(name: str, a: Path, b: Path, rtol: float) -> FileVerdict:
    try:
        if filecmp.cmp(a, b, shallow=False):
            return FileVerdict(name, IDENTICAL)
    except OSError as error:
        return FileVerdict(name, UNREADABLE, reason(error))
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
    return "" if are_close(a, b, rtol) else f"{where or 'value'}: {quoted(a)} and {quoted(b)}"[:200]


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
