"""Progress files: how far a program is, by its own account.

A program writes `progress.txt` in its storage directory. Either its first line is `count_total=N` and the
following lines are numbers that add up to N, or its first line is `tqdm` and what tqdm prints follows. A
last line that is just `finished` means that all is done.
"""

from __future__ import annotations

import re

HEAD_BYTES = 256
TAIL_BYTES = 65_536

_PERCENT = re.compile(rb"(\d{1,3})%")


def fraction(head: bytes, tail: bytes, size: int) -> float | None:
    """Return the fraction that is done, from 0 to 1, given the first and last bytes of a progress file of size bytes.

    If the file is longer than its tail, the rest is estimated to be like the tail. None if the file does
    not say.
    """
    tail = tail.replace(b"\r", b"\n")
    lines = tail.split()
    if lines and lines[-1] == b"finished":
        return 1.0
    if head.startswith(b"tqdm"):
        percents = _PERCENT.findall(tail)
        return min(1.0, int(percents[-1]) / 100) if percents else 0.0
    if head.startswith(b"count_total="):
        first = head.split(None, 1)[0]
        total = _number(first.partition(b"=")[2])
        done = _sum(lines) if size <= len(tail) else _estimate(tail, size - len(first))
        return _share(done, total) if total else None
    return None


def _estimate(tail: bytes, size: int) -> float:
    """Estimate the sum of numbers that fill size bytes from the complete lines at their end."""
    known = tail.partition(b"\n")[2]
    return _sum(known.split()) * size / max(1, len(known))


def _sum(lines: list[bytes]) -> float:
    return sum(n for line in lines if (n := _number(line)) is not None)


def _share(done: float, total: float) -> float:
    return min(1.0, max(0.0, done / total))


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
