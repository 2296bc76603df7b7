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

    Raises ValueError for a name that no record can hold.
    """
    found = leaves(content) if isinstance(content, dict) else ()
    return {shown(name): bounded(value) for name, value in found if _is_number(value)}


def shown(name: str) -> str:
    """Return a name without tokens: usage per API key, say.

    Raises ValueError for a name that no record can hold (JSON can contain half a surrogate pair).
    """
    from qanat.domain.redaction import redacted  # most commands read no metrics, and start without it
    from qanat.domain.secrets import has_form

    if "\0" in name:
        raise ValueError("a name contains a null character")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError("a name is not Unicode text") from None
    return redacted(name) if has_form(name) else name


def left_out(content: Any, keys: Sequence[str]) -> str:
    """Return what a record does not get of these keys (all, if there are none), as a predicate; empty if nothing."""
    if content is None:
        return "is empty"
    if not isinstance(content, dict):
        return f"is {'a list' if isinstance(content, list) else 'a single value'}, not a mapping of names to numbers"
    found = {name: _is_number(value) for name, value in leaves(content)}
    chosen = {name: found[name] for name in keys if name in found} if keys else found
    numbers = sum(chosen.values())
    return "; ".join(filter(None, (not_numbers([n for n in chosen if not chosen[n]]), _too_many(numbers))))


def not_numbers(names: Sequence[str]) -> str:
    """Return a predicate about values that are not numbers; empty without any names."""
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


def bounded(value: float) -> float:
    """Return a number, infinity in place of a whole number that no float can hold: statistics are made of floats."""
    if isinstance(value, int) and abs(value) >= LARGEST:
        return math.inf if value > 0 else -math.inf
    return value


def leaves(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested mappings that are no mappings, nested names joined by `.`."""
    stack = [("", iter(content.items()))]
    while stack:
        prefix, items = stack[-1]
        for key, value in items:
            if isinstance(value, dict):
                stack.append((f"{prefix}{key}.", iter(value.items())))
                break
            yield f"{prefix}{key}", value
        else:
            stack.pop()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def select(numbers: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return the numbers with these names (all, if there are no names), at most METRICS_MAX of them."""
    kept = {k: numbers[k] for k in keys if k in numbers} if keys else dict(numbers)
    return dict(list(kept.items())[:METRICS_MAX])
