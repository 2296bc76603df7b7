"""The groups that a mean is of, as one short text: `1-7f3a9c.0-4+3-0b21d8.0,2`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

# A longer text is a digest, by which it is only known whether the groups are the same.
LENGTH_MAX = 400
_RUN = re.compile(r"([0-9]{1,9}-[0-9a-f]{6})\.([0-9,-]+)\Z")
_GROUPS_MAX = 1_000_000


def pin_of(members: Iterable[tuple[str, int]]) -> str:
    """Return the text for groups, given by the ids of their runs and their numbers."""
    by_run: dict[str, list[int]] = {}
    for run, group in members:
        by_run.setdefault(run, []).append(group)
    text = "+".join(f"{run}.{_spans(groups)}" for run, groups in by_run.items())
    if len(text) <= LENGTH_MAX:
        return text
    short = hashlib.sha256(text.encode(), usedforsecurity=False).hexdigest()[:16]
    return f"n={sum(map(len, by_run.values()))}:{short}"


def _spans(numbers: Iterable[int]) -> str:
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def groups_of(text: str) -> Mapping[str, frozenset[int]] | None:
    """Return the numbers of groups by the ids of their runs; None for a digest, or another text."""
    found: dict[str, frozenset[int]] = {}
    left = _GROUPS_MAX
    for part in text.split("+"):
        match = _RUN.match(part)
        if not match:
            return None
        numbers: set[int] = set()
        for span in match[2].split(","):
            first, _, last = span.partition("-")
            if not (first.isdecimal() and (not last or last.isdecimal())) or len(span) > 20:
                return None
            count = int(last or first) - int(first) + 1
            left -= max(0, count)
            if left < 0:
                return None
            numbers.update(range(int(first), int(first) + count))
        found[match[1]] = frozenset(numbers)
    return found
