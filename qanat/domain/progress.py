"""Progress files: what a program says of how far it is.

A program writes `progress.txt` in its storage directory. Either its first line is `count_total=N` and the
following lines are numbers that add up to N, or its first line is `tqdm` and what tqdm prints follows. A
last line that is the word `finished` means all of it.
"""

from __future__ import annotations

import re

HEAD_BYTES = 256
TAIL_BYTES = 65_536

_PERCENT = re.compile(rb"(\d{1,3})%")


def fraction(head: bytes, tail: bytes, whole: bool) -> float | None:
    """Read how much is done, from 0 to 1, out of the first and last bytes of a progress file.

    `whole` tells that tail is the whole file, which a sum needs. None when the file does not say.
    """
    lines = tail.replace(b"\r", b"\n").split()
    if lines and lines[-1] == b"finished":
        return 1.0
    if head.startswith(b"tqdm"):
        percents = _PERCENT.findall(tail)
        return min(1.0, int(percents[-1]) / 100) if percents else 0.0
    if head.startswith(b"count_total="):
        total = _number(head.split(None, 1)[0].partition(b"=")[2])
        return _share(lines, total) if total and whole else None
    return None


def _share(lines: list[bytes], total: float) -> float:
    numbers = (_number(line) for line in lines if not line.startswith(b"count_total="))
    return min(1.0, max(0.0, sum(n for n in numbers if n is not None) / total))


def _number(word: bytes) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
