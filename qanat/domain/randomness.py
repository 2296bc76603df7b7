"""Distinguishing random characters from words, names of models, versions and dates."""

from __future__ import annotations

import math
import re
from collections import Counter

RANDOM_MIN = 16
JUDGED_MAX = 400  # characters of a value that are looked at
PART_MIN = 10
_BITS_MIN = 3.0  # per character: random hexadecimal digits have 3.3 in 16 characters, English text 2.5 to 3
_CHANGES_MIN = 0.16  # per character: random digits and letters have 0.4, words with a number 0.1
_PART = r"[A-Za-z0-9]+"
# A letter after a digit, a digit after a letter, or a capital in a word; "Word" alone does not count.
_CHANGE = r"(?<=[A-Za-z])[0-9]|(?<=[0-9])[A-Za-z]|(?<=[a-z])[A-Z]"
_DIGIT = "[0-9]"
_BASE64 = r"[A-Za-z0-9+/]{40}\Z"
_DATE = r"(?:19|20)[0-9]{2}[01][0-9][0-3][0-9](?:T[0-9]{4,6})?(?:Z|(?![A-Za-z0-9]))"


def is_random(value: str, part_min: int = PART_MIN) -> bool:
    """Return whether a value looks random: long, and with a part that mixes letters and digits throughout.

    `part_min` is the length of such a part, which has letters and digits only.
    """
    value = value[:JUDGED_MAX]
    if len(value) < RANDOM_MIN or any(c.isspace() for c in value) or _bits(value) < _BITS_MIN:
        return False
    parts = [
        part
        for part in re.findall(_PART, value)
        if len(part) >= part_min and re.search(_DIGIT, part) and not re.match(_DATE, part)
    ]
    return any(_changes(part) >= 3 and _changes(part) >= _CHANGES_MIN * len(part) for part in parts)


def is_random_base64(value: str) -> bool:
    """Return whether a value looks like 30 random bytes in base64, such as AWS's secrets, and not like a path."""
    return bool(re.match(_BASE64, value)) and _changes(value) >= 10


def is_mixed(value: str, length: int = 8) -> bool:
    """Return whether a value has a part that is not a word: letters and digits that change places at least twice."""
    return any(len(part) >= length and _changes(part) >= 2 for part in re.findall(_PART, value[:JUDGED_MAX]))


def _changes(part: str) -> int:
    return len(re.findall(_CHANGE, part))


def _bits(value: str) -> float:
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
