"""Metrics: numbers that a program leaves for its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METRICS_MAX = 1_000


def flatten(content: Any) -> dict[str, float]:
    """Return the numbers of nested mappings by name, nested names joined by `.`; anything else is left out.

    Raises ValueError for a name that no file can hold (JSON can contain half a surrogate pair).
    """
    numbers = dict(_walk("", content)) if isinstance(content, dict) else {}
    try:
        "".join(numbers).encode()
    except UnicodeEncodeError:
        raise ValueError("a name is not Unicode text") from None
    return numbers


def _walk(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _walk(f"{name}.", value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def select(numbers: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return the numbers with these names (all, if there are no names), at most METRICS_MAX of them."""
    kept = {k: numbers[k] for k in keys if k in numbers} if keys else dict(numbers)
    return dict(list(kept.items())[:METRICS_MAX])
