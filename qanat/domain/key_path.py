"""Where a value is in a file of YAML: the keys and the positions in lists that lead to it."""

from __future__ import annotations

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """Return a path as people write it, such as `groups.0.state`."""
    return ".".join(map(str, path))
