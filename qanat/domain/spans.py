"""Spans of whole numbers: 0, 1, 2 and 7 are 0-2 and 7."""

from __future__ import annotations

from collections.abc import Iterable


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """List the first and last number of each span, in order."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number <= found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def format_spans(numbers: Iterable[int], separator: str = ",") -> str:
    """Return numbers as text, with their spans: 0-2,7."""
    return separator.join(str(a) if a == b else f"{a}-{b}" for a, b in spans(numbers))


def parse_spans(text: str) -> set[int]:
    """Return the numbers that format_spans() has written as text. Raises ValueError if it has not."""
    ends = (span.partition("-") for span in text.split(","))
    return {number for first, _, last in ends for number in range(int(first), int(last or first) + 1)}
