"""Manifests: what the program of a group left in its directory, file by file, and in short."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = 32
# What a program prints often has times and paths in it, which differ from run to run, so a manifest is without it.
PRINTED = frozenset({"stdout.txt", "stderr.txt"})


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file by its path in the group's directory, with slashes; `sha256` is None if only its size is known."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """How many files a group left, and their size in bytes.

    `digest` is the beginning of the SHA-256 of their list(), of which `by_size` files have no SHA-256 of their own.
    """

    files: int
    bytes: int
    digest: str
    by_size: int = 0


def encode(files: Sequence[OutputFile]) -> bytes:
    """Return the list of files as JSON Lines, ordered by path."""
    return b"".join(map(_line, sorted(files, key=_path)))


def decode(data: bytes) -> list[OutputFile]:
    """Read the list of files. Raises ValueError if it is none."""
    found: list[OutputFile] = []
    for line in io.BytesIO(data):
        file = _file(json.loads(line))
        if line != _line(file) or (found and found[-1].path >= file.path):
            raise ValueError("is not a list of files")
        found.append(file)
    return found


def summarise(files: Sequence[OutputFile]) -> Outputs:
    """Return what a record keeps of a list of files."""
    by_size = sum(file.sha256 is None for file in files)
    return Outputs(len(files), sum(file.size for file in files), digest(encode(files)), by_size)


def digest(data: bytes) -> str:
    """Return the digest of a list of files."""
    import hashlib  # only when a run ends, or is checked

    return hashlib.sha256(data).hexdigest()[:DIGITS]


def _path(file: OutputFile) -> str:
    return file.path


def _line(file: OutputFile) -> bytes:
    return f"{json.dumps({'path': file.path, 'size': file.size, 'sha256': file.sha256})}\n".encode()


def _file(row: object) -> OutputFile:
    if not isinstance(row, dict) or row.keys() != {"path", "size", "sha256"}:
        raise ValueError("is not a list of files")
    path, size, sha256 = row["path"], row["size"], row["sha256"]
    if type(path) is not str or type(size) is not int or not isinstance(sha256, str | None):
        raise ValueError("is not a list of files")
    if {"", ".", ".."}.intersection(path.split("/")):
        raise ValueError("has a path that leads out of the directory")
    return OutputFile(path, size, sha256)
