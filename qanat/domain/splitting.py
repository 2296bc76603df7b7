"""Splitting a line into arguments as a POSIX shell does, in time that grows with its length."""

from __future__ import annotations

import re

_PART = re.compile(r"""([ \t\r\n]+)|'([^']*)'|"([^"\\]*(?:\\.[^"\\]*)*)"|\\(.)|([^ \t\r\n'"\\]+)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


def split(text: str) -> list[str]:
    """Return the arguments in text, like shlex.split(), whose time grows with the square of an argument's length.

    Raises ValueError for an open quote, or a backslash at the end.
    """
    arguments: list[str] = []
    parts: list[str] | None = None
    place = 0
    while place < len(text):
        found = _PART.match(text, place)
        if found is None:
            ends_escaping = text[place] != "'" and (len(text) - len(text.rstrip("\\"))) % 2
            raise ValueError("No escaped character" if ends_escaping else "No closing quotation")
        place = found.end()
        space, single, double, escaped, plain = found.groups()
        if space is None:
            quoted = None if double is None else _ESCAPED.sub(r"\1", double)
            parts = [] if parts is None else parts
            parts.append(next(part for part in (single, quoted, escaped, plain) if part is not None))
        elif parts is not None:
            arguments.append("".join(parts))
            parts = None
    return arguments if parts is None else [*arguments, "".join(parts)]
