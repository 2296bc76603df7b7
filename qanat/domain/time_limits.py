"""Time limits as they are typed and recorded: 90s, 30m, 2h, 1d12h, or 1:30:00 and 1-12:00:00 as for Slurm."""

from __future__ import annotations

import math
import re

from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

NONE = "none"
# The option of a local run that has it in the record.
KEY = "time_limit"
_UNITS = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?\Z")
_CLOCK = re.compile(r"(?:([0-9]{1,6})-)?([0-9]{1,6}):([0-9]{2}):([0-9]{2})\Z")
_SECONDS = (86_400, 3_600, 60, 1)


def seconds(text: str) -> int:
    """Return the seconds that a time limit means. Raises InputInvalid, also for no time at all."""
    match = _UNITS.match(text) or _CLOCK.match(text)
    total = sum(int(number or 0) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True)) if match else 0
    if not total:
        raise InputInvalid(f"{quoted(text)} is not a time limit", hint="write it as 90s, 30m, 2h, 1d12h or 1:30:00")
    return total


def as_clock(total: int) -> str:
    """Return seconds as Slurm and people read them: 0-02:00:00."""
    days, rest = divmod(total, 86_400)
    return f"{days}-{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def multiplied(text: str, factor: str) -> str:
    """Return a time limit multiplied by a factor such as 1.5x, rounded up to a second, and spelled in the same way."""
    total = math.ceil(seconds(text) * float(factor.removesuffix("x")))
    if ":" in text:
        return as_clock(total)
    parts = []
    for size, unit in zip(_SECONDS, "dhms", strict=True):
        count, total = divmod(total, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts)


def exceeded(text: str) -> str:
    """Return the reason of a group that has taken longer."""
    return f"exceeded the time limit of {text}"
