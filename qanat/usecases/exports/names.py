"""What exports call people, and the names that they give to things that have none."""

from __future__ import annotations

import hashlib

_DIGITS = 12


def name_of(author: str) -> str:
    """Return the name in `Name <address>`: the address need not be in what is published."""
    return author.partition("<")[0].strip() or "unknown"


def image_name(image: str) -> str:
    """Return what an image is called, without the folder of a file."""
    return image.rpartition("/")[2] if image.startswith("/") else image


def digest(*parts: object) -> str:
    """Return a short text that is the same for the same parts."""
    text = "\0".join(map(str, parts)).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text, usedforsecurity=False).hexdigest()[:_DIGITS]
