"""Lines of JSON that differ only in their numbers, as a loop prints them: read as columns, without mappings."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from qanat.domain import metrics

# With more names, reading each line as a mapping takes less time.
NAMES_MAX = 5
_FIELD = re.compile(rb'([{,] ?"[^"\\\x00-\x1f]*": ?)([^" {},]+)')
_END = b"}\n"
# No JSON contains them, so that each stands for the text between two numbers.
_MARKS = [bytes([code]) for code in range(1, NAMES_MAX + 1)]
# What numbers consist of, and NaN and the infinities.
_NUMBERS = b"0123456789+-.eENaIfinty"
_COMMAS = bytes.maketrans(b"".join(_MARKS) + _END[:1], b" " + b"," * NAMES_MAX)


class _Form(NamedTuple):
    """The names on a line, and the text before each number."""

    names: list[str]
    texts: list[bytes]


def columns(data: bytes, count: int) -> dict[str, Sequence[float]]:
    """Return the numbers of lines, of which there are count, by name; nothing unless all have the form of the first.

    Raises OverflowError for a number that no float holds.
    """
    form = _form(data[: data.index(b"\n") + 1])
    if form is None or not (numbers := _numbers(data, count, form.texts)):
        return {}
    width = len(form.names)
    return {name: _floats(numbers[place::width]) for place, name in enumerate(form.names)}


def _form(line: bytes) -> _Form | None:
    """Return the form of a line; None if it has other values than numbers, a name twice, or many names."""
    fields: list[tuple[bytes, bytes]] = _FIELD.findall(line)
    if not 0 < len(fields) <= NAMES_MAX or b"".join(map(b"".join, fields)) + _END != line:
        return None
    try:
        names = [text[text.index(b'"') + 1 : text.rindex(b'"')].decode() for text, _ in fields]
    except UnicodeDecodeError:
        return None
    if len(set(names)) < len(names) or max(map(len, names)) > metrics.NAME_MAX:
        return None
    return _Form(names, [text for text, _ in fields])


def _numbers(data: bytes, count: int, texts: Sequence[bytes]) -> list[float]:
    """Return the numbers of lines, one after the other; nothing if a line has other texts around them.

    With a mark in place of each text, and without what numbers consist of, all lines must be the same. As the length
    tells how many texts were replaced, no mark was in the file before.
    """
    length = len(data)
    for text, mark in zip(texts, _MARKS, strict=False):
        data = data.replace(text, mark)
        length -= (len(text) - 1) * count
        if len(data) != length:
            return []
    if data.translate(None, _NUMBERS) != (b"".join(_MARKS[: len(texts)]) + _END) * count:
        return []
    try:
        numbers: list[float] = json.loads(b"[" + data[: -len(_END)].translate(_COMMAS) + b"]")
    except ValueError:
        return []
    return numbers


def _floats(column: Sequence[float]) -> Sequence[float]:
    return column if set(map(type, column)) == {float} else array("d", column).tolist()
