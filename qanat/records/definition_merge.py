"""Merging two versions of a definition key by key; the lines of each key stay as their side wrote them."""

from __future__ import annotations

from typing import Any

from qanat.domain.key_path import KeyPath
from qanat.domain.merging import CannotMerge, merge_tags, merge_values
from qanat.records import yaml_io

_TAGS = "tags"


def merge(base: bytes, ours: bytes, theirs: bytes, source: str) -> bytes:
    """Return the text with the changes of both sides; comments stay with the key below them.

    Raises CannotMerge where both changed the same key and it is neither a mapping nor tags, or where a comment would
    be lost; InputInvalid for a side that is not YAML.
    """
    before, our, their = (_content(data, source) for data in (base, ours, theirs))
    if _are_texts(our.get(_TAGS)) and _are_texts(their.get(_TAGS)):
        known = before.get(_TAGS) if _are_texts(before.get(_TAGS)) else []
        tags = list(merge_tags(known or [], our[_TAGS], their[_TAGS]))
        our, their = {**our, _TAGS: tags}, {**their, _TAGS: tags}
    wanted: dict[str, Any] = merge_values(before, our, their)
    sides = [blocks(data, source) for data in (base, ours, theirs)]
    keys = dict.fromkeys((*sides[1], *sides[2]))
    text = "".join(_merge_block(key, wanted[key], sides) for key in keys if key in wanted).encode()
    # If lines and keys do not match (a mapping in braces), the result may be wrong.
    if yaml_io.load(text, source) != wanted:
        raise CannotMerge
    return text


def _content(data: bytes, source: str) -> dict[str, Any]:
    content = yaml_io.load(data, source) if data.strip() else {}
    if not isinstance(content, dict):
        raise CannotMerge
    return content


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def blocks(data: bytes, source: str) -> dict[str, str]:
    """Map each key of a file to its lines; comments and empty lines belong to the key below them."""
    places: dict[KeyPath, int] = {}
    if not data.strip():
        return {}
    if not yaml_io.load(data, source, lines=places):
        raise CannotMerge
    lines = [f"{line}\n" for line in data.decode("utf-8-sig").removesuffix("\n").split("\n")]
    keys = [(line - 1, str(path[0])) for path, line in places.items() if len(path) == 1]
    starts = [_start(lines, at, before) for (at, _), before in zip(keys, [-1, *(at for at, _ in keys)], strict=False)]
    ends = [*starts[1:], len(lines)]
    return {key: "".join(lines[start:end]) for (_, key), start, end in zip(keys, starts, ends, strict=True)}


def _start(lines: list[str], at: int, before: int) -> int:
    while at - 1 > before and _is_comment(lines[at - 1]):
        at -= 1
    return at if before >= 0 else 0


def _is_comment(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _merge_block(key: str, value: Any, sides: list[dict[str, str]]) -> str:
    try:
        return "".join(merge_values(*({key: side[key]} if key in side else {} for side in sides)).values())
    except CannotMerge:
        # Both changed it, but not the same part: write the merged value below its comments.
        heads, bodies = zip(*(head_and_body(side.get(key, "")) for side in sides), strict=True)
        if any("#" in body for body in bodies[1:]):
            raise
        return f"{merge_values(*heads)}{yaml_io.dump({key: value}).decode()}"


def head_and_body(block: str) -> tuple[str, str]:
    """Split a key's lines into the comments above it, and the key with its value."""
    lines = block.splitlines(keepends=True)
    count = next((i for i, line in enumerate(lines) if not _is_comment(line)), len(lines))
    return "".join(lines[:count]), "".join(lines[count:])
