"""Where a value is in a file of YAML: the keys and the positions in lists that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KeyPath = tuple[str | int, ...]

_ABSENT = object()


def dotted(path: KeyPath) -> str:
    """Return a path as people write it, such as `groups.0.state`."""
    return ".".join(map(str, path))


def in_words(path: KeyPath) -> str:
    """Return a path for a message: `item 1 of datasets`, `file in item 2 of metrics`; groups keep their numbers."""
    for i, part in enumerate(path):
        if isinstance(part, int) and path[i - 1 : i] != ("groups",):
            item, rest = f"item {part + 1} of {dotted(path[:i])}", in_words(path[i + 1 :])
            return f"{rest} in {item}" if rest else item
    return dotted(path)


def differences(one: Any, other: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the innermost places in which two contents differ; lists of different lengths differ as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from differences(one.get(key, _ABSENT), other.get(key, _ABSENT), (*at, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (old, new) in enumerate(zip(one, other, strict=True)):
            yield from differences(old, new, (*at, place))
    elif repr(one) != repr(other):  # NaN is not equal to itself
        yield at


def value_at(content: Any, path: KeyPath, default: Any = None) -> Any:
    """Return the value at a place, or the default if there is no such place."""
    for part in path:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return default
    return content
