"""Replacing a template's options for another attempt: `mem=2x`, `time=4:00:00`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from qanat.domain.shortening import quoted
from qanat.errors import UsageError

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)\Z", re.IGNORECASE)
_TIMES = re.compile(r"(\d+(?:\.\d+)?)x\Z")


def apply_changes(
    options: Mapping[str, Any], changes: Mapping[str, str], name_of: Callable[[str], str]
) -> dict[str, Any]:
    """Return the options with some replaced; `2x` multiplies the current amount or time.

    `name_of` returns the canonical name of a key, however it is spelled. Raises UsageError if there is nothing to
    multiply.
    """
    result = dict(options)
    for key, value in changes.items():
        present = next((k for k in result if name_of(k) == name_of(key)), None)
        times = _TIMES.match(value)
        if times and present is None:
            problem = f"--set {key}={value}: the run has no {key} that could be multiplied"
            raise UsageError(problem, hint=f"give the value itself, as in --set {key}=VALUE")
        result[present or key] = _multiply(str(result[present]), float(times[1]), key) if times and present else value
    return result


def _multiply(value: str, factor: float, key: str) -> str:
    if amount := _AMOUNT.match(value):
        return f"{_round_up(float(amount[1]) * factor)}{amount[2]}"
    seconds = clock_seconds(value)
    if seconds is None:
        raise UsageError(
            f"--set {key}: {quoted(value)} is neither an amount nor a time, so it cannot be multiplied",
            hint=f"give the value itself, as in --set {key}=VALUE",
        )
    total = _round_up(seconds * factor)
    days, rest = divmod(total, 86_400)
    return f"{days}-{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _round_up(number: float) -> int:
    return int(number) if number == int(number) else int(number) + 1


def clock_seconds(text: str) -> int | None:
    """Parse sbatch's times: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]]."""
    days, dash, rest = text.partition("-")
    parts = (rest if dash else text).split(":")
    if not all(p.isascii() and p.isdigit() for p in (*parts, days if dash else "0")) or len(parts) > 3:
        return None
    numbers = [int(p) for p in parts]
    if dash:
        hours, minutes, seconds = [*numbers, 0, 0][:3]
        return int(days) * 86_400 + hours * 3600 + minutes * 60 + seconds
    if len(numbers) == 3:
        return numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    return numbers[0] * 60 + (numbers[1] if len(numbers) == 2 else 0)
