"""Amounts of memory and of time as schedulers and people write them; every unit of memory is 1024 times the last."""

from __future__ import annotations

import re

_SIZE = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([KMGTP]?)(?:i?B)?\s*\Z", re.IGNORECASE)
_MIB = {"": 2.0**-20, "K": 2.0**-10, "M": 1.0, "G": 2.0**10, "T": 2.0**20, "P": 2.0**30}
SIZE_HINT = "write it as 512MiB or 4GiB"


def mib(text: str, unit: str = "M") -> float | None:
    """Return the MiB of a size such as 512M, 4G, 4GB or 4GiB; `unit` is that of a mere number. None for other texts."""
    found = _SIZE.match(text)
    if not found:
        return None
    is_bytes = text.strip()[-1:] in ("b", "B")
    return float(found[1]) * _MIB[found[2].upper() or ("" if is_bytes else unit)]


def shown_mib(count: float) -> str:
    """Write an amount of memory: 310 MiB, 12.4 GiB."""
    for unit in ("MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}" if unit == "GiB" and count < 100 else f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


def shown_span(seconds: float) -> str:
    """Write an amount of time for sentences: 45 s, 12 min, 2 h, 1.5 days."""
    for unit, length, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 36)):
        if seconds < most * length:
            return f"{_brief(seconds / length)} {unit}"
    return f"{_brief(seconds / 86_400)} days"


def _brief(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")
