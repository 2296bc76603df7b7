"""Figures: images that a program writes, and that a browser can show."""

from __future__ import annotations

from pathlib import PurePosixPath

from qanat.domain.layout import is_inside

# The media type of a file, by the suffix of its name.
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "gif": "image/gif",
}
# As many bytes from the beginning of a file as is_image() looks at.
HEAD_BYTES = 4096
DRAWING = "svg"


def suffix_of(name: str) -> str:
    """Return the suffix of a figure's name, in lower case; empty if it is not that of an image."""
    suffix = PurePosixPath(name).suffix[1:].lower()
    return suffix if suffix in TYPES else ""


def is_image(suffix: str, head: bytes) -> bool:
    """Return whether a file that begins with these bytes is the kind of image that its suffix says."""
    if suffix == DRAWING:
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return text.startswith((b"<svg", b"<?xml", b"<!")) and b"<svg" in text
    if suffix == "webp":
        return head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    begins = {"png": (b"\x89PNG\r\n\x1a\n",), "gif": (b"GIF87a", b"GIF89a")}
    return head.startswith(begins.get(suffix, (b"\xff\xd8\xff",)))


def pattern_problem(pattern: str) -> str:
    """Return why a pattern cannot be one of figures; empty if it can."""
    if not is_inside(pattern):
        return "is not inside the storage directory"
    last = pattern.rpartition("/")[2]
    is_open = any(character in last.rpartition(".")[2] for character in "*?[")
    if not is_open and not suffix_of(last):
        return f"does not name images that a browser shows: {', '.join(TYPES)}"
    return ""
