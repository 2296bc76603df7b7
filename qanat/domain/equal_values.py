"""Values of parameters that are the same however they are spelled: `0.3`, `0.30` and `3e-1` are one number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_NUMBER = re.compile(r"([+-]?)([0-9]{1,400})?(?:\.([0-9]{0,400}))?(?:[eE]([+-]?[0-9]{1,9}))?")


@lru_cache(maxsize=10_000)
def canonical(value: str) -> str:
    """Return what all spellings of a value have in common: digits and a power of ten for numbers, a text as it is.

    Numbers are compared exactly, not as floats. Several numbers, joined by spaces, are one by one.
    """
    numbers = [_canonical_number(part) for part in value.split(" ")]
    return value if None in numbers else " ".join(filter(None, numbers))


def canonical_parameters(parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return parameters in the order of their names, with canonical values."""
    return tuple(sorted((name, canonical(value)) for name, value in parameters.items()))


def _canonical_number(text: str) -> str | None:
    """Return a decimal number as `3e-1`, without zeros at either end; None for any other text."""
    found = _NUMBER.fullmatch(text)
    if not found or not (found[2] or found[3]):
        return None
    sign, whole, fraction, power = found[1], found[2] or "", found[3] or "", int(found[4] or 0)
    digits = (whole + fraction).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return "0"
    exponent = power - len(fraction) + len(digits) - len(kept)
    return f"{sign.replace('+', '')}{kept}{f'e{exponent}' if exponent else ''}"
