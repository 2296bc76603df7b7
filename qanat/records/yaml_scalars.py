"""YAML scalars in both directions: which plain ones are numbers, and how to write a value so that it reads back.

Reading follows YAML 1.2's core schema, so `yes`, `10:30` and `2026-11-23` are the strings that were typed.
Writing is also safe for readers of YAML 1.1: whatever either version takes for something else is quoted.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,300})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,5})?\Z")
_SPECIAL = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_MAY_BEGIN_NUMBER = frozenset("0123456789+-.")

_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_WORD = r"[\w./+@()<>=;^$%~-]+"
_PLAIN = re.compile(rf"(?:(?:--?|\+|\.?/)?[^\W\d]|/)(?:{_WORD})?(?: {_WORD})*\Z")
# Timestamps, run ids, object ids, sizes (2GB) and days of Slurm (1-00:00:00) begin with a digit but are numbers in
# neither version.
_OURS = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00|\d+-[0-9a-f]{6}"
    r"|[1-9]\d*[KMGTP]i?B?|\d+-\d\d:\d\d:\d\d"
    r"|(?!0b[01]+\Z)(?=[0-9e]*[a-df])[0-9a-f]{40,64})\Z"
)
_UNPRINTABLE = "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def resolve(text: str) -> Any:
    """Return the value of a plain scalar: None, a bool, a number, or else the text itself."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text[0] not in _MAY_BEGIN_NUMBER:
        return text
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def write(value: Any) -> str:
    """Return None, a bool, a number or a string as YAML on one line."""
    if isinstance(value, str):
        return write_string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _write_float(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written to a record")


def write_string(text: str) -> str:
    """Return a string as YAML: plain if no reader can take it for something else, otherwise quoted."""
    if (_PLAIN.match(text) and text.lower() not in _RESERVED) or _OURS.match(text):
        return text
    if not _printable(text):
        quotable = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{_unprintable().sub(_escape, quotable)}"'
    return "'" + text.replace("'", "''") + "'"


def printable_lines(text: str) -> bool:
    """Return whether text can be a literal block: printable lines, the first one neither empty nor indented."""
    lines = text.split("\n")
    return bool(lines[0]) and lines[0][0] != " " and all(map(_printable, lines))


def _printable(text: str) -> bool:
    # Nearly all text is printable ASCII, and the pattern takes 5 ms to compile.
    return (text.isascii() and text.isprintable()) or not _unprintable().search(text)


@cache
def _unprintable() -> re.Pattern[str]:
    return re.compile(_UNPRINTABLE)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    # Nothing reads the escapes of a null character and of half a surrogate pair: both stay, and yaml_io.dump raises.
    if not code or 0xD800 <= code <= 0xDFFF:
        return char
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def _write_float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 requires a point in the mantissa and a sign in the exponent: 1e-05 would be a string.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
