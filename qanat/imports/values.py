"""Values of other tools in qanat's terms: arguments, names of metrics, tags, texts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qanat.domain import metrics
from qanat.domain.parameters import is_option
from qanat.domain.shortening import quoted

PARAMETERS_MAX = 1_000
NAME_MAX = 200
VALUE_MAX = 4_096
TEXT_MAX = 1_000
NOTES_MAX = 2**20
TAGS_MAX = 100
# The step of a line of curves has this name, so no number may.
STEP = "step"
_NOT_IN_NAMES = re.compile(r"[^\w.\-/+:@]+")
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


def text(value: object, limit: int = TEXT_MAX) -> str:
    """Return a value as text that a record can hold, without null characters and halves of surrogate pairs."""
    clean = "" if value is None else str(value).replace("\0", "")
    clean = clean.encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def arguments(parameters: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """Return parameters as the arguments of a program, `--name value` each, and sentences on what had to be changed.

    Nested names are joined by a dot. Other values than texts and numbers are written as JSON.
    """
    found: list[str] = []
    taken: dict[str, None] = {}
    changed: list[tuple[str, str]] = []
    cut = False
    for place, (name, value) in enumerate(flat(parameters)):
        if place == PARAMETERS_MAX:
            return tuple(found), [f"parameters after the first {PARAMETERS_MAX:,} are left out", *_renamed(changed)]
        option = _option(name, taken)
        if option != f"--{name}":
            changed.append((name, option))
        word = _written(value)
        cut |= len(word) > VALUE_MAX
        word = text(word, VALUE_MAX)
        found += [f"{option}={word}"] if is_option(word) or not word else [option, word]
    long = [f"values of parameters are cut after {VALUE_MAX:,} characters"] if cut else []
    return tuple(found), [*long, *_renamed(changed)]


def _renamed(changed: list[tuple[str, str]]) -> list[str]:
    return [f"parameter {quoted(name)} is called {option} here" for name, option in changed]


def _option(name: str, taken: dict[str, None]) -> str:
    plain = _NOT_IN_NAMES.sub("_", text(name, NAME_MAX)).strip("-") or "parameter"
    option, number = f"--{plain}", 2
    while option in taken:
        option, number = f"--{plain}-{number}", number + 1
    taken[option] = None
    return option


def flat(content: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested mappings, nested names joined by a dot; one that is nested deeply is a value."""
    for key, value in content.items():
        if isinstance(value, Mapping) and value and depth < 20:
            yield from flat(value, f"{before}{key}.", depth + 1)
        else:
            yield f"{before}{key}", value


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return text(value, VALUE_MAX)


def measured(name: object) -> str:
    """Return the name of a number as a record can have it; empty if it can have none."""
    plain = text(name, metrics.NAME_MAX).strip()
    return "step_" if plain == STEP else plain


def numbers(content: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of nested mappings by name, those that a record can have."""
    found = ((measured(name), value) for name, value in flat(content) if metrics.is_number(value))
    return {name: metrics.bounded(value) for name, value in found if name}


def tags(found: Iterable[object]) -> tuple[str, ...]:
    """Return tags, each once, none empty, and not more than TAGS_MAX."""
    clean = dict.fromkeys(text(tag).strip() for tag in found)
    return tuple(tag for tag in clean if tag)[:TAGS_MAX]


def pair(key: object, value: object) -> str:
    """Return a tag with a value as one text."""
    return f"{text(key)}={text(value)}" if text(value) else text(key)


def commit(found: object) -> str:
    """Return the id of a commit, as a tool has it, if it is one; otherwise an empty text."""
    plain = text(found).strip().lower()
    return plain if _COMMIT.match(plain) else ""


def utc_seconds(found: object) -> float | None:
    """Return a time in ISO 8601, in UTC if it has no zone, as seconds since 1970; None if it is none."""
    try:
        known = datetime.fromisoformat(text(found))
        return (known if known.tzinfo else known.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def program(path: object) -> str:
    """Return the path of a program as others may read it: one that leads out of its project keeps its name only."""
    plain = text(path)
    outside = plain.startswith(("/", "~")) or ".." in plain.split("/") or "\\" in plain
    return re.split(r"[/\\]", plain)[-1] if outside else plain.removeprefix("./")


def shown_source(source: str, root: Path) -> str:
    """Return a source as others may read it: a path in the project, or the last part of another, or a host."""
    if "://" in source:
        parts = urlsplit(source)
        if parts.hostname:
            port = f":{parts.port}" if parts.port else ""
            return f"{parts.scheme}://{parts.hostname}{port}"
        source = parts.path
    path = Path(os.path.realpath(Path(source).expanduser()))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else text(path.name) or "/"
