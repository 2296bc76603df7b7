"""Reading the files of another tool: bounded, as data only, and through no link below the folder that was named."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from qanat.errors import InputInvalid
from qanat.imports.stored import StoredFile
from qanat.records import yaml_io
from qanat.system import below

FILE_BYTES_MAX = 16 * 2**20
NUMBERS_BYTES_MAX = 128 * 2**20
FOLDERS_DEEP = 8
FILES_MAX = 10_000


def named(root: Path, path: str) -> str:
    """Return a file below a folder as messages name it."""
    return f"{root.name or root}/{path}"


def load_json(root: Path, path: str, limit_bytes: int = FILE_BYTES_MAX) -> Any:
    """Return what a JSON file holds. Raises InputInvalid."""
    data = _bytes(root, path, limit_bytes)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        why = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        raise InputInvalid(f"{named(root, path)} {why}") from None


def load_mapping(root: Path, path: str, limit_bytes: int = FILE_BYTES_MAX) -> dict[str, Any]:
    """Return the mapping in a JSON or YAML file. Raises InputInvalid."""
    if path.endswith(".json"):
        found = load_json(root, path, limit_bytes)
    else:
        found = yaml_io.load(_bytes(root, path, limit_bytes), named(root, path), own=True)
    if not isinstance(found, dict):
        raise InputInvalid(f"{named(root, path)} is not a mapping")
    return found


def optional_mapping(root: Path, path: str, limit_bytes: int = FILE_BYTES_MAX) -> dict[str, Any]:
    """Return the mapping in a file; an empty one if there is no such file. Raises InputInvalid."""
    return load_mapping(root, path, limit_bytes) if exists(root, path) else {}


def exists(root: Path, path: str) -> bool:
    """Return whether there is anything at a path below a folder, even a link."""
    return os.path.lexists(root / path)


def files_below(root: Path, folder: str) -> Iterator[StoredFile]:
    """Yield the regular files below a folder, by their paths from it; links are left out."""
    stack, count = [(folder, 0)], 0
    while stack:
        place, depth = stack.pop()
        entries = sorted(below.entries(root, place), key=lambda entry: entry.name)
        sizes = below.sizes(root, place)
        for entry in entries:
            path = f"{place}/{entry.name}" if place else entry.name
            if entry.is_folder and depth < FOLDERS_DEEP:
                stack.append((path, depth + 1))
            elif entry.is_file and entry.name in sizes:
                count += 1
                if count > FILES_MAX:
                    raise InputInvalid(f"{named(root, folder)} has more than {FILES_MAX:,} files")
                inside = path.removeprefix(f"{folder}/") if folder else path
                yield StoredFile(inside, sizes[entry.name], partial(below.open_file, root, path))


def _bytes(root: Path, path: str, limit_bytes: int) -> bytes:
    try:
        return below.read(root, path, limit_bytes)
    except InputInvalid as error:
        raise InputInvalid(f"{named(root, path)}: {error.message.removeprefix(f'{path}: ')}") from None
