"""Saving a report where the user wants it."""

from __future__ import annotations

from pathlib import Path

from qanat.system import files


def save(path: Path, page: str) -> int:
    """Write a page into a file, which it replaces, and return its size in bytes. Raises WriteFailed."""
    data = page.encode("utf-8", "backslashreplace")
    files.write(path, data)
    return len(data)
