"""Sizes for people."""

from __future__ import annotations


def size(count: int) -> str:
    """Format a number of bytes: 512 B, 3.4 MB."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
