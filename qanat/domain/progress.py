"""Progress files: the progress of a program, as it reports it.

A program writes `progress.txt` in its storage directory. Either its first line is `count_total=N`, or just N, and the
following lines are numbers that add up to N, or it writes percentages (`45%`, or what tqdm prints) or steps (`9/20`),
of which the last one counts. A last line that is just `finished` means that all is done.
"""

from __future__ import annotations

import re

HEAD_BYTES = 256
TAIL_BYTES = 65_536

_TOTAL = re.compile(rb"\s*(?:count_)?total[ \t]*[=:][ \t]*(\S+)\s")
# A number alone may also be the first of steps without a total: then a later one is larger, or it is 1 itself.
_ALONE = re.compile(rb"\s*(\d{1,15}(?:\.\d{1,15})?)[ \t]*\r?\n")
_PERCENT = re.compile(rb"(\d{1,3}(?:\.\d{1,15})?) ?%")
_STEPS = re.compile(rb"(\d{1,15}) ?/ ?(\d{1,15})")


def fraction(head: bytes, tail: bytes, size: int) -> float | None:
    """Return the fraction that is done, from 0 to 1, given the first and last bytes of a progress file of size bytes.

    If the file is longer than its tail, the rest is estimated to be like the tail. None if the file does
    not say.
    """
    tail = tail.replace(b"\r", b"\n")
    lines = tail.split()
    if lines and lines[-1] == b"finished":
        return 1.0
    if first := _TOTAL.match(head + b"\n") or _ALONE.match(head):
        total = _number(first[1])
        numbers = _numbers(tail if size > len(tail) else tail[first.end() :])
        if first.re is _ALONE and (total == 1 or any(n > (total or 0) for n in numbers)):
            return None
        done = sum(numbers) if size <= len(tail) else _estimate(tail, size - first.end())
        return _share(done, total) if total else None
    return 0.0 if (share := _last_share(tail)) is None and head.startswith(b"tqdm") else share


def _last_share(tail: bytes) -> float | None:
    """Return the last percentage, or else the last number of steps of a total; None if there is none."""
    if percents := _PERCENT.findall(tail):
        return min(1.0, float(percents[-1]) / 100)
    done, total = map(int, steps[-1]) if (steps := _STEPS.findall(tail)) else (0, 0)
    return _share(done, total) if total else None


def _estimate(tail: bytes, size: int) -> float:
    """Estimate the sum of numbers that fill size bytes from the complete lines at their end."""
    known = tail.partition(b"\n")[2]
    return sum(_numbers(known)) * size / max(1, len(known))


def _numbers(text: bytes) -> list[float]:
    return [n for line in text.split() if (n := _number(line)) is not None]


def _share(done: float, total: float) -> float:
    return min(1.0, max(0.0, done / total))


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
