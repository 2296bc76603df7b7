"""Metrics: numbers that a program leaves for its record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

METRICS_MAX = 1_000
NAME_MAX = 1_000  # in characters, nested names joined
VALUES_MAX = 100_000
LONG_NAMES = f"has names of more than {NAME_MAX:,} characters, and these were left out"
LARGEST = 10**300  # the most digits that a record can hold in a whole number


def flatten(content: Any) -> dict[str, float]:
    """Return the numbers of nested mappings by name, nested names joined by `.`; anything else is left out.

    So are long names, and what comes after VALUES_MAX values. Names are without tokens.

    Raises ValueError for a name that no record can hold.
    """
    found = islice(leaves(content), VALUES_MAX) if isinstance(content, dict) else ()
    return {shown(name): bounded(value) for name, value in found if name is not None and is_number(value)}


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


def bounded(value: float) -> float:
    """Return a number, infinity in place of a whole number that no float can hold: statistics are made of floats."""
    if isinstance(value, int) and abs(value) >= LARGEST:
        return math.inf if value > 0 else -math.inf
    return value


def leaves(content: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    """Yield the values of nested mappings that are not mappings, nested names joined by `.`.

    In place of a name that is longer than NAME_MAX comes None, and once for a mapping that has such a name.
    """
    stack = [("", iter(content.items()))]
    while stack:
        prefix, items = stack[-1]
        for key, value in items:
            # Before they are joined: a long name with many others in it would need memory for each of these.
            if len(prefix) + len(key) > NAME_MAX:
                yield None, value
            elif isinstance(value, dict):
                stack.append((f"{prefix}{key}.", iter(value.items())))
                break
            else:
                yield f"{prefix}{key}", value
        else:
            stack.pop()


def is_number(value: Any) -> bool:
    """Return whether a value is a number, which a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def select(numbers: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return the numbers with these names (all, if there are no names), at most METRICS_MAX of them."""
    kept = {k: numbers[k] for k in keys if k in numbers} if keys else dict(numbers)
    return dict(list(kept.items())[:METRICS_MAX])
