r"""Text from files, fit for a terminal or a report: what would act on it, hide or reorder other text is escaped.

Escaped are control characters, line and paragraph separators, bidirectional controls, characters without width, tag
characters, variation selectors and lone surrogates. Letters, accents and emoji of every script stay as they are, with
the joiners and variation selectors that belong to them: `\u200d` within an emoji or between letters of Arabic or an
Indic script, `\ufe0f` after a symbol. The flags of England, Scotland and Wales, made of tag characters, do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_SEPARATED = r"\u2028\u2029"
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_HIDDEN = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ACTS = re.compile(f"[{_CONTROLS}{_SEPARATED}{_HIDDEN}]")
_ACTS_OR_BREAKS = re.compile(rf"[\t\n{_CONTROLS}{_SEPARATED}{_HIDDEN}]")
_ZWNJ, _ZWJ, _TEXT_STYLE, _EMOJI_STYLE, _KEYCAP = "\u200c\u200d\ufe0e\ufe0f\u20e3"
# Scripts whose letters change with a joiner between them: from Arabic to Mandaic, Indic, Myanmar, Khmer, Mongolian.
_JOINING = ((0x0600, 0x0DFF), (0x1000, 0x109F), (0x1780, 0x18AF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))
_IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))
_EMOJI = (0x1F000, 0x1FAFF)
_MONGOLIAN = (0x1820, 0x18AA)
_SYMBOLS_BY_OTHER_NAMES = "\u203c\u2049\u2139\u3030\u303d"


def escaped(text: str, *, keep_lines: bool = False) -> str:
    r"""Return text with such characters written as in Python (`\x1b`); with keep_lines, newlines and tabs stay."""
    return _replaced(text, python_escape, keep_lines=keep_lines)


def escaped_json(text: str) -> str:
    r"""Return a JSON text with such characters written as in JSON (`\u001b`), which has the same content."""
    return _replaced(text, _json_escape, keep_lines=True)


def _replaced(text: str, write: Callable[[str], str], *, keep_lines: bool) -> str:
    if text.isascii() and text.isprintable():  # most text is
        return text
    pattern = _ACTS if keep_lines else _ACTS_OR_BREAKS
    return pattern.sub(lambda match: match[0] if _belongs(match[0], text, match.start()) else write(match[0]), text)


def python_escape(character: str) -> str:
    """Return a character as Python's string literals write it."""
    code = ord(character)
    if code < 0x80:
        return repr(character)[1:-1]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _belongs(character: str, text: str, place: int) -> bool:
    """Return whether a joiner or a variation selector is part of the writing around it."""
    if character < "\u180b" or not place:
        return False
    before, after = text[place - 1], text[place + 1 : place + 2]
    if before == _EMOJI_STYLE and place > 1 and _is_symbol(text[place - 2]):
        before = text[place - 2]
        if character != _ZWJ:
            return False
    elif _ACTS.match(before):
        return False
    if character in (_ZWNJ, _ZWJ) and _within(before, *_JOINING):
        return unicodedata.category(before)[0] in "LM"
    if character == _ZWJ:
        return bool(after) and _is_symbol(before) and _is_symbol(after)
    if character in (_TEXT_STYLE, _EMOJI_STYLE):
        return _is_symbol(before) or (before in "0123456789#*" and after == _KEYCAP)
    if "\U000e0100" <= character <= "\U000e01ef":
        return _within(before, *_IDEOGRAPHS)
    return "\u180b" <= character <= "\u180d" and _within(before, _MONGOLIAN)


def _is_symbol(character: str) -> bool:
    """Return whether a character is an emoji, or a symbol that can be shown as one."""
    if character.isascii():
        return False
    return (
        _within(character, _EMOJI)
        or character in _SYMBOLS_BY_OTHER_NAMES
        or unicodedata.category(character) in ("So", "Sm", "Sk")
    )


def _within(character: str, *ranges: tuple[int, int]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)
