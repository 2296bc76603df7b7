"""Texts without the secrets in them, for reports and messages that others read."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from qanat.domain import secrets

REDACTED = "[redacted]"
_SHORT = 4  # a secret of fewer characters is only replaced where it is the whole text
_LOOKED_FOR_MAX = 100
# Fields by which other values are found; none is free text.
_IDENTIFYING = frozenset(
    {"id", "uid", "number", "run", "experiment", "kind", "file", "commit", "tree", "state", "rerun_of"}
)


def redacted(text: str, before: str = "") -> str:
    """Return a text with everything that looks like a secret replaced; `before` is the argument before it, if any."""
    parts, end = [], 0
    for found in secrets.in_argument(before, text):
        if found.end > end:
            parts += [text[end : found.start], REDACTED if found.start >= end else ""]
            end = found.end
    return "".join((*parts, text[end:]))


def redacted_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a program with everything that looks like a secret replaced."""
    return [redacted(argument, before) for before, argument in pairwise(("", *arguments))]


def secrets_in(contents: Iterable[Any]) -> frozenset[str]:
    """Return the texts in the values of files that look like secrets, by their names or by their form."""
    found = (item for content in contents for item in secrets.in_values(content))
    return frozenset(text[secret.start : secret.end] for _, text, secret in found)


def without(value: Any, known: frozenset[str]) -> Any:
    """Return a value with the known secrets, and all others that have the form of one, replaced in its texts.

    Goes into mappings, sequences and dataclasses; what contains no secret is returned as it is.
    """
    return _Without(known).of(value)


class _Without:
    """Replaces secrets; `_clean` has the texts, which repeat in a report, that contain none."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._clean: set[str] = set()
        self._fields = cache(_redacted_fields)

    def of(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return value if value in self._clean else self._text(value)
        if isinstance(value, Mapping):
            items = {key: self.of(inner) for key, inner in value.items()}
            return value if all(items[key] is inner for key, inner in value.items()) else items
        if isinstance(value, list | tuple):
            inner = [self.of(item) for item in value]
            same = all(map(operator.is_, inner, value))
            return value if same else _like(value, inner)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            before = {name: getattr(value, name) for name in self._fields(type(value))}
            changed = {name: new for name, old in before.items() if (new := self.of(old)) is not old}
            return dataclasses.replace(value, **changed) if changed else value
        is_secret = isinstance(value, int) and str(value) in self._known and not isinstance(value, bool)
        return REDACTED if is_secret else value

    def _text(self, text: str) -> str:
        clean = _text(text, self._known)
        if clean is text:
            self._clean.add(text)
        return clean


def _redacted_fields(kind: type[Any]) -> list[str]:
    """List the fields of a dataclass in which secrets are looked for."""
    return [field.name for field in dataclasses.fields(kind) if field.init and field.name not in _IDENTIFYING]


def without_tokens(value: Any) -> Any:
    """Return a finished report, as text or for JSON, without tokens in its lines, values and keys."""
    if isinstance(value, str):
        return "\n".join(redacted(line) if secrets.has_form(line) else line for line in value.split("\n"))
    if isinstance(value, Mapping):
        return {without_tokens(key): without_tokens(inner) for key, inner in value.items()}
    return [without_tokens(inner) for inner in value] if isinstance(value, list | tuple) else value


@lru_cache(1)
def _looked_for(known: frozenset[str]) -> list[str]:
    """Return the secrets to look for within texts, longest first; many would take too long."""
    return sorted((s for s in known if len(s) >= _SHORT), key=lambda s: (-len(s), s))[:_LOOKED_FOR_MAX]


def _text(text: str, known: frozenset[str]) -> str:
    if text in known:
        return type(text)(REDACTED)
    clean = text
    for secret in _looked_for(known):
        if secret in clean:
            clean = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REDACTED, clean)
    clean = redacted(clean)
    return text if clean == text else type(text)(clean)


def _like(old: list[Any] | tuple[Any, ...], items: list[Any]) -> Any:
    if isinstance(old, list):
        return items
    return type(old)(*items) if hasattr(old, "_fields") else tuple(items)
