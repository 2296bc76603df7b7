"""Metrics: numbers that a program leaves for its record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METRICS_MAX = 1_000
NAMED_MAX = 3
LARGEST = 10**300  # the most digits that a record can hold in a whole number


def flatten(content: Any) -> dict[str, float]:
    """Return the numbers of nested mappings by name, nested names joined by `.`; anything else is left out.

    Names are without tokens.

    Raises ValueError for a name that no record can hold (JSON can contain half a surrogate pair).
    """
    from qanat.domain.redaction import redacted  # most commands read no metrics, and start without it
    from qanat.domain.secrets import has_form

    numbers = dict(_walk("", content)) if isinstance(content, dict) else {}
    if any("\0" in name for name in numbers):
        raise ValueError("a name contains a null character")
    try:
        "".join(numbers).encode()
    except UnicodeEncodeError:
        raise ValueError("a name is not Unicode text") from None
    # Usage per API key, say.
    return {redacted(name) if has_form(name) else name: number for name, number in numbers.items()}


def left_out(content: Any, keys: Sequence[str]) -> str:
    """Return what a record does not get of these keys (all, if there are none), as a predicate; empty if nothing."""
    if content is None:
        return "is empty"
    if not isinstance(content, dict):
        return f"is {'a list' if isinstance(content, list) else 'a single value'}, not a mapping of names to numbers"
    found = {name: _is_number(value) for name, value in _leaves("", content)}
    chosen = {name: found[name] for name in keys if name in found} if keys else found
    numbers = sum(chosen.values())
    return "; ".join(filter(None, (_not_numbers([n for n in chosen if not chosen[n]]), _too_many(numbers))))


def _not_numbers(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = ", ".join(map(repr, names[:NAMED_MAX]))
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    one = len(names) == 1
    return f"{listed}{more} {'is not a number' if one else 'are not numbers'}, and {'was' if one else 'were'} left out"


def _too_many(count: int) -> str:
    if count <= METRICS_MAX:
        return ""
    return f"has {count:,} numbers, of which the record has {METRICS_MAX:,}; choose them with keys in the experiment"


def _walk(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in _leaves(prefix, content):
        if _is_number(value):
            # Statistics are computed with floats, and none is as large as some whole numbers.
            is_too_large = isinstance(value, int) and abs(value) >= LARGEST
            yield name, (math.inf if value > 0 else -math.inf) if is_too_large else value


def _leaves(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def select(numbers: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return the numbers with these names (all, if there are no names), at most METRICS_MAX of them."""
    kept = {k: numbers[k] for k in keys if k in numbers} if keys else dict(numbers)
    return dict(list(kept.items())[:METRICS_MAX])
