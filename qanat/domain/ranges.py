"""Ranges of parameter values: half-open like Python's range, exact in decimals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import overload

from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

# Sixty digits are enough for every number that a person types; anything longer raises instead of being rounded.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])

_FORM = "use a start, a stop and a step (--seed 0 10 1), or list the values (--lr 0.001,0.01,0.1)"


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values of one parameter: `target` is an option (`--seed`) or a position (`0`), `values` are text."""

    target: str | int
    values: Sequence[str]


class Progression(Sequence[str]):
    """start, start + step, … below stop, as text; its length is known without listing it."""

    __slots__ = ("_count", "_start", "_step")

    def __init__(self, start: Decimal, step: Decimal, count: int) -> None:
        self._start = start
        self._step = step
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return _write(_EXACT.add(self._start, _EXACT.multiply(self._step, Decimal(index))))


def progression(start: str, stop: str, step: str, *, where: str) -> Progression:
    """Return start, start + step, … as long as they are below stop (above it, for a negative step).

    `where` names the place in messages. Raises InputInvalid for anything but a finite number, for a
    step of 0 and for a range without any value.
    """
    first, end, width = (_number(text, where) for text in (start, stop, step))
    if width == 0:
        raise InputInvalid(f"{where}: the step is 0", hint="use a step such as 1 or -1")
    try:
        span = _EXACT.divide_int(_EXACT.subtract(end, first), width)
        exact = _EXACT.add(first, _EXACT.multiply(span, width)) == end
    except (Inexact, InvalidOperation, Overflow):
        raise InputInvalid(f"{where}: {start} {stop} {step} has more digits than qanat can represent exactly") from None
    inside = (end > first) if width > 0 else (end < first)
    if not inside:
        raise InputInvalid(
            f"{where}: no value lies between {start} and {stop} in steps of {step}",
            hint="a range includes its start, but not its stop",
        )
    count = int(span) + (0 if exact else 1)
    if count > sys.maxsize:
        raise InputInvalid(f"{where}: has too many values", hint="use a larger step")
    return Progression(first, width, count)


def _number(text: str, where: str) -> Decimal:
    try:
        # Decimal also accepts the digits of other scripts, which the program would get as 0 to 9.
        number = _EXACT.create_decimal(text.strip() if text.isascii() else "NaN")
    except (InvalidOperation, Inexact, Overflow):
        number = Decimal("NaN")
    if not number.is_finite():
        raise InputInvalid(f"{where}: {quoted(text)} is not a number", hint=_FORM)
    return number


def _write(number: Decimal) -> str:
    return format(number, "f") if abs(number.adjusted()) < 16 else str(number)
