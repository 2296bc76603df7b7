"""Values of qanat 0.x in today's terms: names, timestamps, arguments, states.

import_v0/database.py describes where they come from. Nothing here opens a file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from qanat.domain.run import State

_POSITION = re.compile(r"pos_([0-9]+)\Z")
_ENDS = {
    "finished": State.FINISHED,
    "error": State.FAILED,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    "canceled": State.CANCELLED,
}
_NOT_STARTED = frozenset({"not started", "not_started", ""})


def timestamp(value: object) -> str | None:
    """Return a timestamp as records have it, from local time as qanat 0.x wrote it; None if value is not a time."""
    try:
        known = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return known.isoformat(timespec="milliseconds" if known.microsecond else "seconds")


def arguments(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a group's arguments in the order of qanat 0.x: positional arguments first, then options.

    An option with a list of values is repeated for each value.
    """
    positions = [key for key in parameters if not key.startswith("-")]
    if all(_POSITION.match(key) for key in positions):
        positions.sort(key=lambda key: int(key[4:]))
    found = [str(parameters[key]) for key in positions]
    for key, value in parameters.items():
        if key.startswith("-"):
            for one in value if isinstance(value, list) else [value]:
                found += [key] if one is None else [key, str(one)]
    return tuple(found)


def identity(number: int, experiment: str, commit: str) -> tuple[str, str]:
    """Return a run's uid and intent: always the same for the same run, so that a later import recognises it."""
    digest = hashlib.sha256(f"first qanat\0{number}\0{experiment}\0{commit}".encode()).hexdigest()
    return digest[:6], digest[6:22]


def end_of(status: str) -> State | None:
    """Return the end state that a status of qanat 0.x stands for; None if it is not an end."""
    return _ENDS.get(status.strip().lower())


def never_started(status: str) -> bool:
    """Return whether a status means that nothing was started."""
    return status.strip().lower() in _NOT_STARTED


def per_group(value: object, count: int) -> list[str]:
    """Return one text per group from a value of info.yaml: a list has an item per group, any other value is for all."""
    items: Sequence[object] = value if isinstance(value, list) else [value] * count
    texts = ["" if item is None else str(item) for item in items]
    return [*texts, *[""] * count][:count]
