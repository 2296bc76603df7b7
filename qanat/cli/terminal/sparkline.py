"""Curves drawn with the characters of one line."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise

WIDTH = 20
BLOCKS, NOT_FINITE = "▁▂▃▄▅▆▇█", "\N{MULTIPLICATION SIGN}"
BLOCKS_IN_ASCII, NOT_FINITE_IN_ASCII = "_.-~=+*#", "x"


def sparkline(values: Sequence[float], *, in_ascii: bool, width: int = WIDTH) -> str:
    """Return the course of values from the least to the greatest of them, in at most `width` characters.

    A character stands for the mean of its values, or says that one of them is not finite.
    """
    blocks, not_finite = (BLOCKS_IN_ASCII, NOT_FINITE_IN_ASCII) if in_ascii else (BLOCKS, NOT_FINITE)
    count = min(width, len(values))
    bounds = [place * len(values) // count for place in range(count + 1)] if count else [0]
    means = [_mean(values[start:end]) for start, end in pairwise(bounds)]
    known = [mean for mean in means if math.isfinite(mean)]
    least, greatest = min(known, default=0.0), max(known, default=0.0)
    return "".join(_block(mean, least, greatest, blocks) if math.isfinite(mean) else not_finite for mean in means)


def _mean(values: Sequence[float]) -> float:
    # Each is divided first: the sum of the greatest floats is infinite.
    return sum(value / len(values) for value in values)


def _block(value: float, least: float, greatest: float, blocks: str) -> str:
    span = greatest / 2 - least / 2
    share = (value / 2 - least / 2) / span if span else 0.5
    return blocks[min(len(blocks) - 1, int(share * len(blocks)))]


def has_blocks() -> bool:
    """Return whether stdout can write more than ASCII."""
    try:
        (BLOCKS + NOT_FINITE).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
