"""The distance between two names."""

from __future__ import annotations

LENGTH_MAX = 40


def distance(a: str, b: str) -> int:
    """Return how many letters must be added, removed, replaced or swapped with their neighbour to turn a into b.

    Names longer than LENGTH_MAX only count as far apart.
    """
    if max(len(a), len(b)) > LENGTH_MAX:
        return LENGTH_MAX
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y)))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]
