"""Repeated measurements: their mean and spread, how they are written, and whether two differ significantly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

HIGHER = "higher"
LOWER = "lower"
SIGNIFICANT = 0.05
# Exponents of ten from which on numbers are written with one, as by the format "g".
_SMALL, _LARGE = -4, 6
_DIGITS_MAX = 15
# A spread that is this much smaller than the values is an error of rounding.
_ROUNDING = 1e-12
# A million values take some hundred terms.
_TERMS_MAX = 100_000
_PRECISION = 1e-15


class Method(StrEnum):
    """A test of whether two means differ."""

    WELCH = "Welch's t-test"
    PAIRED = "paired t-test"


@dataclass(frozen=True, slots=True)
class Statistic:
    """The mean of `count` values and the sample's deviation (n - 1), which is None for a single value.

    `by_seed` has the value of each seed, or nothing unless every value has a seed of its own.
    """

    mean: float
    deviation: float | None
    count: int
    by_seed: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        """Return `0.5752 ± 0.0018`, with two significant digits of the deviation, or only the mean if that is 0."""
        if not self.deviation or not math.isfinite(self.mean) or not math.isfinite(self.deviation):
            return f"{self.mean:.6g}"
        return _rounded(self.mean, self.deviation)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much greater a mean is than an earlier one, and how likely that is by chance.

    `p` is the two-sided p-value of the test, with `degrees` of freedom; `counts` are the numbers of values, the
    earlier one last. If there is nothing to test, `method` and `p` are None, and `untested` says why.
    """

    value: float
    counts: tuple[int, int]
    method: Method | None = None
    degrees: float | None = None
    p: float | None = None
    untested: str = ""

    @property
    def is_significant(self) -> bool:
        """Return whether p is less than SIGNIFICANT."""
        return self.p is not None and self.p < SIGNIFICANT

    def verdict(self, direction: str | None) -> str:
        """Return better, worse, significant (if no direction is better), not significant, equal or untested."""
        if self.p is None:
            return "equal" if self.value == 0 else "untested"
        if not self.is_significant:
            return "not significant"
        return {True: "better", False: "worse", None: "significant"}[self.is_better(direction)]

    def judged(self, direction: str | None) -> str:
        """Return the verdict for a table: where it is not significant, p, or n = 1 if a side has one value."""
        if self.p is None:
            return "n = 1" if self.value != 0 and 1 in self.counts else self.verdict(direction)
        return self.verdict(direction) if self.is_significant else f"p = {self.p:.2g}"

    def is_better(self, direction: str | None) -> bool | None:
        """Return whether it is for the better; None if it is not significant, or no direction is better."""
        if direction is None or not self.is_significant:
            return None
        return (self.value < 0) is (direction == LOWER)


def statistic(values: Sequence[float], seeds: Sequence[str | None] = ()) -> Statistic:
    """Return the mean and deviation of at least one value; `seeds`, if there are any, are those of the values."""
    known = {seed: value for seed, value in zip(seeds, values, strict=bool(seeds)) if seed is not None}
    by_seed = known if len(known) == len(values) else {}
    if len(values) == 1:
        return Statistic(values[0], None, 1, by_seed)
    mean = _mean(values)
    deviation = math.hypot(*(v - mean for v in values)) / math.sqrt(len(values) - 1)
    return Statistic(mean, deviation if math.isfinite(mean) else math.nan, len(values), by_seed)


def difference(new: Statistic, old: Statistic) -> Difference:
    """Return the difference of two means, tested by a t-test: paired if both have the same seeds, otherwise Welch's.

    Pairs that all differ by the same have no spread of their own, so Welch's test is made there, too. Neither assumes
    that both sides spread equally. A single value has no spread, nor have values that are all equal, so nothing is
    tested there.

    Sources: B. L. Welch, "The generalization of 'Student's' problem when several different population variances are
    involved", Biometrika 34 (1947), 28-35; NIST/SEMATECH e-Handbook of Statistical Methods, sections 1.3.5.3 (Welch's)
    and 7.3.1.1 (paired).
    """
    value, counts = new.mean - old.mean, (new.count, old.count)
    if why := _untested(new, old, value):
        return Difference(value, counts, untested=why)
    if value == 0:
        return Difference(value, counts, untested="the means are equal")
    # Means near 0 say little about how large the values are, which their deviations do.
    least = _ROUNDING * max(abs(s.mean) + (s.deviation or 0.0) for s in (new, old))
    for method, (error, degrees) in ((Method.PAIRED, _paired(new, old)), (Method.WELCH, _welch(new, old))):
        if least < error < math.inf:
            return Difference(value, counts, method, degrees, p_value(value / error, degrees))
    return Difference(value, counts, untested="the values have no spread")


def untested(found: Difference, why: str) -> Difference:
    """Return a difference without its test."""
    return Difference(found.value, found.counts, untested=why)


def _untested(new: Statistic, old: Statistic, value: float) -> str:
    """Return why two statistics cannot be tested; empty if they can."""
    if not math.isfinite(value):
        return "a value is not finite"
    singles = (new.count == 1) + (old.count == 1)
    return {0: "", 1: "one side has a single value", 2: "both sides have a single value"}[singles]


def _paired(new: Statistic, old: Statistic) -> tuple[float, float]:
    """Return the standard error of the mean difference of pairs, or 0 without pairs, and the degrees of freedom."""
    if not new.by_seed or new.by_seed.keys() != old.by_seed.keys():
        return 0.0, math.nan
    pairs = statistic([new.by_seed[seed] - old.by_seed[seed] for seed in new.by_seed])
    return (pairs.deviation or 0.0) / math.sqrt(pairs.count), pairs.count - 1


def _welch(new: Statistic, old: Statistic) -> tuple[float, float]:
    """Return the standard error of the difference of two means, and the degrees of freedom."""
    one, other = ((s.deviation or 0.0) / math.sqrt(s.count) for s in (new, old))
    error = math.hypot(one, other)
    if not error or not math.isfinite(error):
        return error, math.nan
    # Divided by the error first, since the fourth power of a deviation may be too large or too small for a float.
    degrees = 1 / ((one / error) ** 4 / (new.count - 1) + (other / error) ** 4 / (old.count - 1))
    return error, degrees


def p_value(t: float, degrees: float) -> float:
    """Return the probability of a value at least as far from 0 as t in Student's distribution.

    That is a regularised incomplete beta function: M. Abramowitz and I. A. Stegun, Handbook of Mathematical
    Functions, 26.7.1 and 26.5.27.
    """
    return _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), by equations of https://dlmf.nist.gov/8.17.

    The continued fraction (8.17.22) converges fast below (a + 1) / (a + b + 2); above, 8.17.4 leads there.
    """
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(logarithm) / a * _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction 1 / (1 + d1 / (1 + d2 / (1 + …))) of 8.17.22 by Lentz's algorithm.

    It goes forward with the ratios of successive numerators and denominators: https://dlmf.nist.gov/3.10.iii.
    """
    value = numerators = 1.0
    denominators = 0.0
    for n in range(1, _TERMS_MAX):
        m = n // 2
        if n % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        denominators = 1 / (1 + d * denominators)
        numerators = 1 + d / numerators
        value *= numerators * denominators
        if abs(numerators * denominators - 1) < _PRECISION:
            break
    return 1 / value


def _mean(values: Sequence[float]) -> float:
    """Return the mean: infinite if a value is, NaN if infinities of both signs are."""
    # Measured from the first value, equal values have exactly that mean and no deviation.
    try:
        mean = values[0] + math.fsum(v - values[0] for v in values) / len(values)
    except (OverflowError, ValueError):  # overflow, or infinities of both signs
        mean = math.nan
    return mean if math.isfinite(mean) else sum(v / len(values) for v in values)


def _rounded(mean: float, deviation: float) -> str:
    """Return both to the same digit, with a common power of ten if the greater is large or small."""
    last = _exponent(deviation, 2) - 1
    first = max(_exponent(value, 6) for value in (mean, deviation) if value)
    if first - last >= _DIGITS_MAX:
        return f"{mean:.6g} ± {deviation:.2g}"
    if _SMALL <= first < _LARGE:
        return f"{_to_digit(mean, last)} ± {_to_digit(deviation, last)}"
    from decimal import Decimal  # exact for all powers of ten

    numbers = (f"{Decimal(value).scaleb(-first):z.{first - last}f}" for value in (mean, deviation))
    return f"({' ± '.join(numbers)})e{first:+03d}"


def signed(value: float, beside: Statistic) -> str:
    """Return a difference with its sign, rounded to the digit to which the statistic beside it is.

    It has three digits if there is no deviation to go by, and two if nothing would be left of it.
    """
    deviation = beside.deviation
    if not deviation or not all(map(math.isfinite, (value, deviation, beside.mean))):
        return f"{value:+.3g}"
    last = _exponent(deviation, 2) - 1
    first = _exponent(value, 2)
    if first < last or first - last >= _DIGITS_MAX:
        return f"{value:+.2g}"
    if _SMALL <= max(first, last) < _LARGE:
        return f"{value:+.{-last}f}" if last <= 0 else f"{round(value, -last):+.0f}"
    return f"{value:+.{first - last}e}"


def span(values: Sequence[float], write: Callable[[float], str]) -> str:
    """Return the only number, or the least and the greatest: `0.71…0.93`, with `nan` after them if there is one."""
    known = [value for value in values if not math.isnan(value)]
    texts = [write(value) for value in (min(known), max(known))] if known else []
    whole = "…".join(dict.fromkeys(texts))
    return ", ".join([*([whole] if whole else []), *(["nan"] if len(known) < len(values) else [])])


def common_decimals(values: Iterable[float]) -> int | None:
    """Return with how many decimals to write values below each other; None if they are too different in size.

    None has more than six significant digits, and those that are rounded keep at least two.
    """
    finite = [value for value in values if math.isfinite(value)]
    texts = {value: f"{value:.6g}" for value in finite}
    if not finite or any("e" in text for text in texts.values()):
        return None
    largest = max(map(abs, finite))
    decimals = max(len(text.partition(".")[2]) for text in texts.values())
    decimals = max(0, min(decimals, 5 - _exponent(largest, 6) if largest else 0))
    kept = (
        abs(v) >= 10.0 ** (1 - decimals) or f"{float(f'{v:.{decimals}f}'):.6g}" == text for v, text in texts.items()
    )
    return decimals if all(kept) else None


def _exponent(value: float, digits: int) -> int:
    """Return the power of ten of the first digit of a value that is rounded to so many digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


def _to_digit(value: float, power: int) -> str:
    """Return a value rounded to the digit of this power of ten."""
    return f"{value:z.{-power}f}" if power <= 0 else f"{round(value, -power):z.0f}"
