"""The options of references: which there are, and how numbers are written by them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain.names import nearest
from qanat.domain.reference import Kind
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER, LOWER, Statistic, span
from qanat.errors import UsageError

PINNED = "pinned"
FLAGS = {
    Kind.VALUE: ("percent", "unit"),
    Kind.RUNS: ("groups",),
    Kind.COMPARE: ("pool",),
    Kind.FIGURE: (),
}
KNOWN = {
    Kind.VALUE: ("digits", "decimals", "format", "percent", "unit", "show", "better", PINNED),
    Kind.RUNS: ("where", "columns", "sort", "top", "experiment", "groups"),
    Kind.COMPARE: ("where", "columns", "sort", "metric", "baseline", "group-by", "pool"),
    Kind.FIGURE: (PINNED,),
}
SPREAD, MEAN, DEVIATION, COUNT, ALL = "spread", "mean", "std", "n", "all"
SHOWN = (ALL, SPREAD, MEAN, DEVIATION, COUNT)
DIGITS_MAX = 15
_FORMAT = re.compile(r"\.([0-9]{1,2})([feg%])\Z")
_SMALL, _LARGE = -4, 6


def check(kind: Kind, options: Mapping[str, str]) -> None:
    """Raise UsageError for an option that there is not, or a value that it cannot have."""
    for name, value in options.items():
        if name not in KNOWN[kind]:
            close = nearest(name, KNOWN[kind])
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(KNOWN[kind])}"
            raise UsageError(f"option {quoted(name)} does not exist", hint=hint)
        if name in FLAGS[kind] and value not in ("", "true", "yes"):
            raise UsageError(f"option {name} takes no value, such as {quoted(value)}", hint=f"write {name}")
        if name not in FLAGS[kind] and name != "where" and not value:
            raise UsageError(f"option {name} requires a value", hint=f"write {name}=…")
    if kind is Kind.VALUE:
        shape(options)
    if "top" in options and not (options["top"].isdecimal() and 0 < int(options["top"]) < 10**6):
        raise UsageError(f"top={options['top']} is not a whole number above 0", hint="for example: top=5")
    if options.get("better", HIGHER) not in (HIGHER, LOWER):
        raise UsageError(f"better={options['better']} is neither {HIGHER} nor {LOWER}")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a number is written: as in tables, or with so many significant digits or decimals, or as Python formats it.

    With `percent`, it is multiplied by 100. `unit` adds that of the metric. `show` is what is written of a mean.
    """

    digits: int | None = None
    form: str = ""
    percent: bool = False
    unit: bool = False
    show: str = ALL

    @property
    def is_for_numbers(self) -> bool:
        """Whether it can only be met by a number."""
        return self.digits is not None or bool(self.form) or self.percent

    def number(self, value: float) -> str:
        """Return a number without its unit."""
        value = 100 * value if self.percent else value
        if self.form:
            return f"{value:{self.form}}"
        return f"{value:.6g}" if self.digits is None else significant(value, self.digits)

    def numbers(self, values: Sequence[float]) -> str:
        """Return the only number, or the least and the greatest, as cells of tables have them."""
        return span(values, self.number)

    def mean(self, found: Statistic) -> str:
        """Return a mean with its deviation, and how many values it is of, or one of these."""
        if self.show == COUNT:
            return str(found.count)
        factor = 100.0 if self.percent else 1.0
        known = None if found.deviation is None else found.deviation * factor
        whole = str(Statistic(found.mean * factor, known, found.count))
        if self.digits is not None or self.form:
            parts = [self.number(found.mean), *([] if found.deviation is None else [self.number(found.deviation)])]
            whole = " ± ".join(parts)
        if self.show == DEVIATION:
            return "" if found.deviation is None else self._deviation(whole, found.deviation)
        if self.show == MEAN:
            return whole.partition(" ± ")[0] if not whole.startswith("(") else self.number(found.mean)
        return whole if self.show == SPREAD else f"{whole} (n={found.count})"

    def _deviation(self, whole: str, deviation: float) -> str:
        """Return the deviation as it is beside its mean."""
        _, sign, after = whole.partition(" ± ")
        return after if sign and not whole.startswith("(") else self.number(deviation)


def shape(options: Mapping[str, str]) -> Shape:
    """Return how the options of a reference say that its number is written. Raises UsageError."""
    chosen = [name for name in ("digits", "decimals", "format") if name in options]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} cannot be used with {chosen[1]}", hint="leave out one of them")
    show = options.get("show", ALL)
    if show not in SHOWN:
        raise UsageError(f"show={show} is unknown", hint=f"known: {', '.join(SHOWN)}")
    digits, form = None, ""
    if "digits" in options:
        digits = _count("digits", options["digits"], 1)
    if "decimals" in options:
        form = f"z.{_count('decimals', options['decimals'], 0)}f"
    if "format" in options:
        form = options["format"]
        found = _FORMAT.match(form)
        if not found or int(found[1]) > DIGITS_MAX:
            raise UsageError(f"format={form} is not a format for numbers", hint="for example: format=.2f")
    return Shape(digits, form, "percent" in options, "unit" in options, show)


def _count(name: str, text: str, least: int) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 2 or not least <= int(text) <= DIGITS_MAX:
        raise UsageError(f"{name}={text} is not a whole number from {least} to {DIGITS_MAX}", hint=f"write {name}=3")
    return int(text)


def significant(value: float, digits: int) -> str:
    """Return a number with so many significant digits, also where they are zeros."""
    if not math.isfinite(value):
        return f"{value:g}"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    if not _SMALL <= exponent < max(digits, _LARGE):
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - exponent
    return f"{value:z.{decimals}f}" if decimals >= 0 else f"{round(value, decimals):.0f}"
