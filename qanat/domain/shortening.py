"""Texts cut to a number of characters."""

from __future__ import annotations

# Longer than most paths.
QUOTED_MAX = 200
# Of a cell of a table.
CELL_MAX = 500


def shortened(text: str, most: int, *, cut_start: bool = False) -> str:
    """Return text with at most this many characters; an ellipsis stands for the end that is cut off, or the start."""
    if len(text) <= most:
        return text
    return f"…{text[len(text) - most + 1 :]}" if cut_start else f"{text[: most - 1]}…"


def quoted(value: object) -> str:
    """Return a text in quotes, or another value, for a message that stays readable whatever the value is."""
    return repr(shortened(value, QUOTED_MAX)) if isinstance(value, str) else shortened(repr(value), QUOTED_MAX)
