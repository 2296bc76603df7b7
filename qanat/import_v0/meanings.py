"""What the first qanat noted, in today's terms: names, moments, words of a command line, states.

Its database is described in import_v0/database.py. Nothing here looks at a file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from qanat.domain import spans
from qanat.domain.names import NAME_MAX, name_problem
from qanat.domain.run import State

UNKNOWN_MOMENT = "1970-01-01T00:00:00+00:00"
_POSITION = re.compile(r"pos_([0-9]+)\Z")
_ENDS = {
    "finished": State.FINISHED,
    "error": State.FAILED,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    "canceled": State.CANCELLED,
}
_NOT_STARTED = frozenset({"not started", "not_started", ""})


@dataclass
class Remarks:
    """What did not come along as it was, each sentence once, with the runs that it is about."""

    _about: dict[str, list[int]] = field(default_factory=dict)

    def add(self, text: str, run: int | None = None) -> None:
        """Remark something, on a run if one is given."""
        runs = self._about.setdefault(text, [])
        if run is not None:
            runs.append(run)

    def lines(self) -> list[str]:
        """Give the sentences, in the order in which they came up."""
        return [f"{called(runs)}: {text}" if runs else text for text, runs in self._about.items()]


def called(runs: Iterable[int]) -> str:
    """Name runs by their numbers, neighbours as one: run 4, runs 1-3, 7."""
    numbers = sorted(set(runs))
    return f"run{'s' if len(numbers) > 1 else ''} {spans.written(numbers, ', ')}"


def usable_name(name: str, instead: str, taken: Collection[str]) -> str:
    """Give a name that can be used: the same where it can, otherwise one that is like it and not taken.

    Accents go, and what a name may not hold becomes `_`; `instead` stands for a name of which nothing is left.
    """
    usable = name
    if name_problem(name):
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        usable = re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("_").lstrip("._+-")[:NAME_MAX] or instead
    number, base = 2, usable
    while usable in taken:
        usable = f"{base[: NAME_MAX - 6]}-{number}"
        number += 1
    return usable


def moment(value: object) -> str | None:
    """Give a moment as a record has it; the first qanat wrote the time of its machine. None for what is none."""
    try:
        known = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return known.isoformat(timespec="milliseconds" if known.microsecond else "seconds")


def words(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the arguments of a group as the first qanat put them together: words by position, then options.

    An option with a list of values stands before each of them.
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
    """Give the uid and the intent of a run: always the same for the same run, so that it is known again."""
    digest = hashlib.sha256(f"first qanat\0{number}\0{experiment}\0{commit}".encode()).hexdigest()
    return digest[:6], digest[6:22]


def end_of(status: str) -> State | None:
    """Give the end that a status of the first qanat means; None for one that means no end."""
    return _ENDS.get(status.strip().lower())


def never_started(status: str) -> bool:
    """Tell whether a status means that nothing was started."""
    return status.strip().lower() in _NOT_STARTED


def per_group(value: object, count: int) -> list[str]:
    """Spread what info.yaml says over the groups: a list has one for each, another value is all groups'."""
    items: Sequence[object] = value if isinstance(value, list) else [value] * count
    texts = ["" if item is None else str(item) for item in items]
    return [*texts, *[""] * count][:count]
