"""Texts cut to a number of characters."""

from __future__ import annotations

QUOTED_MAX = 80


def shortened(text: str, most: int, *, cut_start: bool = False) -> str:
    """Return text with at most this many characters; an ellipsis stands for the end that is cut off, or the start."""
    if len(text) <= most:
        return text
    return f"…{text[len(text) - most + 1 :]}" if cut_start else f"{text[: most - 1]}…"


def quoted(text: str) -> str:
    """Return text in quotes, for a message that must stay readable whatever the text is."""
    return repr(shortened(text, QUOTED_MAX))
