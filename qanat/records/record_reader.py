"""Reading values from the mapping of a record, each checked for its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.domain import times
from qanat.domain.layout import HASH_DIGITS, is_hash
from qanat.domain.names import name_problem
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

PATH_MAX = 4096  # PATH_MAX of Linux
_MISSING = object()


class Reader:
    """Reads values from a mapping and checks that each has the right type."""

    __slots__ = ("_content", "_place", "_source")

    def __init__(self, content: Any, source: str, place: str) -> None:
        if not isinstance(content, dict):
            if content is None and not place:
                raise InputInvalid(f"{source}: the file is empty")
            raise InputInvalid(f"{source}: {place.rstrip('.') or 'the file'}: is not a mapping")
        self._content: Mapping[str, Any] = content
        self._source = source
        self._place = place

    @property
    def source(self) -> str:
        """The path of the record, for messages."""
        return self._source

    def has(self, key: str) -> bool:
        """Return whether there is a value for a key, even null."""
        return key in self._content

    def take(self, key: str, kind: type) -> Any:
        """Return a value of this type. Raises InputInvalid, like all of these."""
        value = self._content.get(key, _MISSING)
        if type(value) is not kind:
            raise self.wrong(key, "is missing" if value is _MISSING else f"is not {_KIND[kind]}")
        return value

    def optional(self, key: str, kind: type) -> Any:
        """Return a value of this type; None if it is missing or null."""
        return None if self._content.get(key) is None else self.take(key, kind)

    def text(self, key: str) -> str:
        """Return a text."""
        text: str = self.take(key, str)
        return text

    def hash(self, key: str) -> str | None:
        """Return the name of a file in `.qanat/environments/`; None if there is none."""
        found: str | None = self.optional(key, str)
        if found is not None and not is_hash(found):
            raise self.wrong(key, f"{quoted(found)} is not a hash of {HASH_DIGITS} hexadecimal digits")
        return found

    def path(self, key: str) -> str:
        """Return a path, of at most PATH_MAX characters."""
        path = self.text(key)
        if len(path) > PATH_MAX:
            raise self.wrong(key, f"is longer than {PATH_MAX:,} characters")
        return path

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        items = self.take(key, list)
        for item in items:
            if type(item) is not str:
                raise self.wrong(key, "is not a list of strings")
        return tuple(items)

    def text_map(self, key: str) -> dict[str, str]:
        """Return a mapping to texts."""
        items: dict[str, str] = self.take(key, dict)
        if any(type(value) is not str for value in items.values()):
            raise self.wrong(key, "has a value that is not a string")
        return items

    def name(self, key: str) -> str:
        """Return the name of a definition."""
        name = self.text(key)
        if problem := name_problem(name):
            raise self.wrong(key, f"{quoted(name)} {problem}")
        return name

    def timestamp(self, key: str) -> str:
        """Return a timestamp in UTC."""
        timestamp = self.text(key)
        if not times.is_recordable(timestamp):
            raise self.wrong(key, f"{quoted(timestamp)} is not a timestamp such as 2026-11-23T05:17:55+00:00")
        return timestamp

    def optional_timestamp(self, key: str) -> str | None:
        """Return a timestamp in UTC; None if it is missing or null."""
        return None if self._content.get(key) is None else self.timestamp(key)

    def numbers(self, key: str) -> dict[str, float]:
        """Return a mapping to numbers; an empty one if it is missing or null."""
        items: dict[str, float] = self.optional(key, dict) or {}
        if any(type(value) not in (int, float) for value in items.values()):
            raise self.wrong(key, "has a value that is not a number")
        return items

    def optional_number(self, key: str) -> float | None:
        """Return a number; None if it is missing or null."""
        found: float | None = self._content.get(key)
        if found is not None and type(found) not in (int, float):
            raise self.wrong(key, "is not a number")
        return found

    def inner(self, key: str) -> Reader:
        """Return a reader of the mapping below a key."""
        return Reader(self.take(key, dict), self._source, f"{self._place}{key}.")

    def rows(self, key: str) -> list[Reader]:
        """Return a reader of each mapping of a list; none if it is missing or null."""
        items = self.optional(key, list) or []
        return [Reader(item, self._source, f"{self._place}{key}.{place}.") for place, item in enumerate(items)]

    def wrong(self, key: str, problem: str) -> InputInvalid:
        """Return an error about the value of a key."""
        return InputInvalid(f"{self._source}: {self._place}{key}: {problem}")


_KIND = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a mapping"}
