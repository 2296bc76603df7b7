"""Comparing the files that two runs left: identical, equal as numbers, different, or missing."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import re
import warnings
import zipfile
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
from qanat.domain.shortening import QUOTED_MAX, quoted, shortened
from qanat.domain.sizes import size
from qanat.errors import reason
from qanat.records import manifest, storage
from qanat.system import folders
from qanat.usecases import packages

_GROUP = re.compile(r"group_[0-9]+\Z")
# Lists of numbers that are read from text take up to 20 times its size in memory.
TEXT_BYTES_MAX = 64 * 10**6
ARRAY_BYTES_MAX = 10**9
_PIECE = 2**20
# What bzip2 and LZMA unpack at once has no limit, and numpy uses neither.
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ZIP = b"PK"
_UNREADABLE = (ValueError, OSError, RecursionError, OverflowError, MemoryError, csv.Error)


def compare(first: Path, again: Path, rtol: float, left_by_runners: frozenset[str] = frozenset()) -> list[FileVerdict]:
    """Compare all files of two storage directories; numbers in npz, npy, json, jsonl and csv are equal within rtol.

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
        why = shortened(str(error), QUOTED_MAX) or "out of memory"
        return FileVerdict(name, DIFFERENT, f"cannot be read as numbers: {why}")
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
    x, y = a.reshape(-1), b.reshape(-1)
    pieces = [slice(start, start + _PIECE) for start in range(0, x.size, _PIECE)]
    if a.dtype.kind not in "iufc" or b.dtype.kind not in "iufc":
        same = a.dtype.kind == b.dtype.kind
        same = same and not any(_difference(x[piece].tolist(), y[piece].tolist(), rtol) for piece in pieces)
        return "" if same else f"{where}: not the same"
    first, count = 0, 0
    for piece in pieces:
        apart = _apart(x[piece], y[piece], rtol)
        if not count:
            first = piece.start + int(apart.argmax())
        count += int(apart.sum())
    if not count:
        return ""
    place = [int(i) for i in np.unravel_index(first, a.shape)]
    return f"{where}{place}: {x[first]} and {y[first]}, {count:,} of {a.size:,} differ"


def _apart(a: Any, b: Any, rtol: float) -> Any:
    """Return which numbers of two arrays are not equal within rtol."""
    import numpy as np

    kind = np.result_type(a.dtype, b.dtype, np.float64)  # differences of unsigned numbers would wrap around
    x, y = a.astype(kind), b.astype(kind)
    with np.errstate(all="ignore"):
        near = np.abs(x - y) <= rtol * np.maximum(np.maximum(np.abs(x), np.abs(y)), 1.0)
    return ~((a == b) | (near & np.isfinite(x) & np.isfinite(y)) | (np.isnan(x) & np.isnan(y)))


def _text(path: Path) -> bytes:
    """Read a file of numbers in text. Raises ValueError if they would take too much memory."""
    with path.open("rb") as file:
        data = file.read(TEXT_BYTES_MAX + 1)
    if len(data) > TEXT_BYTES_MAX:
        raise ValueError(f"larger than {size(TEXT_BYTES_MAX)}")
    return data


def _read_json(path: Path) -> Any:
    return json.loads(_text(path))


def _read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in _text(path).split(b"\n") if line.strip()]


def _read_csv(path: Path) -> list[list[Any]]:
    return [[_number(cell) for cell in row] for row in csv.reader(io.StringIO(_text(path).decode(), newline=None))]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _read_arrays(path: Path) -> Any:
    """Read an npz or npy file; pickled objects in it are not loaded. Raises ValueError if it cannot be read."""
    try:
        import numpy as np
    except ImportError:
        raise packages.missing(f"comparing {path.name} requires", "numpy") from None
    try:
        _check_unpacked(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = np.load(path, allow_pickle=False)
            if not hasattr(loaded, "files"):
                _check_bytes(max(loaded.nbytes, loaded.size))
                return loaded
            with loaded:
                return _of_npz(loaded)
    except Exception as error:  # numpy and zipfile raise almost anything over a damaged file
        raise ValueError(str(error) or type(error).__name__) from error


def _check_unpacked(path: Path) -> None:
    """Raise ValueError if what a file of arrays has unpacked is too large, or is packed as numpy never does."""
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    if not is_zip:
        _check_bytes(path.stat().st_size)
        return
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
    if any(member.compress_type not in _PACKED for member in members):
        raise ValueError("not packed by numpy")
    _check_bytes(sum(member.file_size for member in members))


def _of_npz(loaded: Any) -> dict[str, Any]:
    """Read the arrays of an open npz file, by name. Raises ValueError if they are too large."""
    found, total = {}, 0
    for name in loaded.files:
        found[name] = loaded[name]
        total += max(getattr(found[name], "nbytes", 0), getattr(found[name], "size", 0))
        _check_bytes(total)
    return found


def _check_bytes(count: int) -> None:
    if count > ARRAY_BYTES_MAX:
        raise ValueError(f"larger than {size(ARRAY_BYTES_MAX)} when unpacked")


_READERS = {".json": _read_json, ".jsonl": _read_lines, ".csv": _read_csv, ".npz": _read_arrays, ".npy": _read_arrays}
