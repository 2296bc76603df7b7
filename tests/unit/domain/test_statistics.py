"""Means, deviations, how they are written, and tests of differences, against published tables."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.statistics import (
    HIGHER,
    LOWER,
    Method,
    Statistic,
    common_decimals,
    difference,
    p_value,
    signed,
    statistic,
)
from tests.support.strategies import stable

numbers = st.floats(-1e9, 1e9)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Statistic(0.575204, 0.0018, 5), "0.5752 ± 0.0018"),
        (Statistic(12.0, 0.345678, 3), "12.00 ± 0.35"),
        (Statistic(0.11, 0.01, 3), "0.110 ± 0.010"),
        (Statistic(9.996, 0.00996, 3), "9.996 ± 0.010"),  # rounding may add a digit
        (Statistic(12345.0, 678.0, 3), "12340 ± 680"),
        (Statistic(-0.2, 12.0, 3), "0 ± 12"),  # and not -0
        (Statistic(1.2345e12, 5.6e9, 3), "(1.2345 ± 0.0056)e+12"),
        (Statistic(2.5e-7, 1e-8, 3), "(2.50 ± 0.10)e-07"),
        (Statistic(0.0, 1e-8, 3), "(0.0 ± 1.0)e-08"),
        (Statistic(0.3, 5e-17, 3), "0.3 ± 5e-17"),  # an error of rounding does not ask for 17 digits
        (Statistic(150.0, 0.0, 2), "150"),
        (Statistic(0.5, None, 1), "0.5"),
        (Statistic(0.123456789, None, 1), "0.123457"),
        (Statistic(1.0, math.inf, 2), "1"),
    ],
)
def test_a_mean_is_rounded_to_two_digits_of_its_deviation(found: Statistic, text: str) -> None:
    assert str(found) == text


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (-0.00139, Statistic(0.4456, 0.0054, 3), "-0.0014"),
        (0.4, Statistic(0.91, 0.01, 3), "+0.400"),
        (0.00001, Statistic(0.4456, 0.0054, 3), "+1e-05"),
        (2.2, Statistic(86.6, 2.9, 10), "+2.2"),
        (1234.5, Statistic(12345.0, 678.0, 3), "+1230"),
        (-3.21e10, Statistic(1.2345e12, 5.6e9, 3), "-3.21e+10"),
        (3.21e-8, Statistic(2.5e-7, 1e-8, 3), "+3.2e-08"),
        (0.123456, Statistic(0.5, None, 1), "+0.123"),
        (0.123456, Statistic(0.5, 0.0, 3), "+0.123"),
        (0.3, Statistic(0.3, 5e-17, 3), "+0.3"),
        (math.inf, Statistic(math.inf, math.nan, 3), "+inf"),
    ],
)
def test_a_difference_is_rounded_as_the_value_beside_it(value: float, beside: Statistic, text: str) -> None:
    assert signed(value, beside) == text


@pytest.mark.parametrize(
    ("values", "mean", "text"),
    [
        ((math.inf, math.inf), math.inf, "inf"),
        ((1.0, -math.inf), -math.inf, "-inf"),
        ((math.inf, -math.inf), math.nan, "nan"),
        ((math.nan, 1.0), math.nan, "nan"),
        ((1e308, -1e308), 0.0, "(0.0 ± 1.4)e+308"),
    ],
)
def test_a_mean_is_infinite_if_a_value_is_and_undefined_only_if_it_is(
    values: tuple[float, ...], mean: float, text: str
) -> None:
    found = statistic(values)
    assert (str(found.mean), str(found)) == (str(mean), text)


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ((1.60512, 0.576194), 5),
        ((0.5, 0.25, -3), 2),
        ((90.0671, 88.6137123, math.nan), 4),
        ((1, 2), 0),
        ((0, 0.0), 0),
        ((1234567.0, 1.5), None),  # 1.23457e+06
        ((1000.5, 0.0123456), None),  # hardly anything would be left of the second
        ((1000.5, 0.01), 2),
        ((math.nan, math.inf), None),
        ((), None),
    ],
)
def test_numbers_below_each_other_have_as_many_decimals_as_the_largest_allows(
    values: tuple[float, ...], decimals: int | None
) -> None:
    assert common_decimals(values) == decimals


@stable
@given(st.lists(numbers, min_size=2, max_size=12))
def test_mean_and_deviation_are_those_of_a_sample(values: list[float]) -> None:
    found = statistic(values)
    assert found.mean == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-6)
    assert found.deviation == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-3)
    assert found.count == len(values)


@stable
@given(numbers, st.integers(2, 50))
def test_equal_values_have_exactly_that_mean_and_no_deviation(value: float, count: int) -> None:
    assert statistic([value] * count) == Statistic(value, 0.0, count)


@stable
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-300, 1e300))
def test_what_is_written_is_near_what_was_measured(mean: float, deviation: float) -> None:
    written = str(Statistic(mean, deviation, 3))
    numbers, _, exponent = written.removeprefix("(").partition(")e")
    scale = 10.0 ** int(exponent or 0) if abs(int(exponent or 0)) < 300 else None
    if scale is not None:
        found, spread = (float(number) * scale for number in numbers.split(" ± "))
        assert spread == pytest.approx(deviation, rel=0.051)
        assert found == pytest.approx(mean, rel=1e-5, abs=0.051 * deviation)


@pytest.mark.parametrize(
    ("degrees", "t", "p"),
    # The table of critical values of Student's t in the NIST/SEMATECH e-Handbook, section 1.3.6.7.2.
    [
        (1, 12.706, 0.05),
        (2, 4.303, 0.05),
        (3, 3.182, 0.05),
        (4, 2.776, 0.05),
        (5, 4.032, 0.01),
        (9, 2.262, 0.05),
        (10, 2.228, 0.05),
        (30, 2.042, 0.05),
        (60, 2.660, 0.01),
        (100, 1.984, 0.05),
        (1, 318.313, 0.002),
        (100, 1.290, 0.2),
        (1e7, 1.959964, 0.05),  # nearly the normal distribution
    ],
)
def test_p_values_are_those_of_published_tables(degrees: float, t: float, p: float) -> None:
    assert p_value(t, degrees) == pytest.approx(p, rel=1e-3)
    assert p_value(-t, degrees) == p_value(t, degrees)


@pytest.mark.parametrize("t", [0.001, 0.3, 1.0, 2.0, 50.0, 1e6])
def test_p_values_of_one_and_two_degrees_have_closed_forms(t: float) -> None:
    assert p_value(t, 1) == pytest.approx(1 - 2 * math.atan(t) / math.pi, rel=1e-12, abs=1e-15)
    assert p_value(t, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-12, abs=1e-15)


def test_no_difference_has_a_p_value_of_one() -> None:
    assert [p_value(0.0, degrees) for degrees in (1, 2.5, 1e6)] == [1, 1, 1]


def test_a_difference_whose_square_is_too_large_for_a_float_has_a_p_value_of_zero() -> None:
    assert p_value(1e200, 2) == 0


def test_welchs_test_of_samples_that_spread_unequally() -> None:
    """The second example of Welch's test on Wikipedia: n = 10 and 20, t = 1.57, 9.9 degrees of freedom, p = 0.149."""
    one = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8]
    other = [21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8]
    other += [20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5, 23.5, 21.5, 21.8]
    found = difference(statistic(other), statistic(one))
    assert (found.method, found.counts) == (Method.WELCH, (20, 10))
    assert found.value == pytest.approx(1.525)
    assert (found.degrees, found.p) == (pytest.approx(9.9, abs=0.1), pytest.approx(0.149, abs=0.002))


def with_seeds(*values: float, first: int = 0) -> Statistic:
    return statistic(values, [str(seed) for seed in range(first, first + len(values))])


def test_the_same_seeds_are_compared_in_pairs() -> None:
    old, new = with_seeds(0.50, 0.70, 0.90), with_seeds(0.51, 0.72, 0.91)
    paired, apart = difference(new, old), difference(new, with_seeds(0.50, 0.70, 0.90, first=1))
    assert (paired.method, paired.degrees, apart.method) == (Method.PAIRED, 2, Method.WELCH)
    assert paired.p == pytest.approx(1 - 4 / math.sqrt(2 + 16))  # t = (4 / 3) / (1 / 3)
    assert apart.p is not None
    assert apart.p > 0.9


def test_seeds_pair_only_if_each_group_has_its_own() -> None:
    seeds = ["0", "0", "1"]
    found = difference(statistic([1.0, 2.0, 4.0], seeds), statistic([1.0, 2.0, 3.0], seeds))
    assert found.method is Method.WELCH
    some = statistic([1.0, 2.0, 4.0], ["0", "1", None])
    assert difference(some, some).counts == (3, 3)
    assert not some.by_seed


def test_a_difference_is_better_only_if_it_is_significant() -> None:
    old = statistic([0.50, 0.51, 0.49])
    far, near = difference(statistic([0.90, 0.91, 0.89]), old), difference(statistic([0.52, 0.50, 0.51]), old)
    assert [far.is_significant, near.is_significant] == [True, False]
    assert [far.is_better(HIGHER), far.is_better(LOWER), far.is_better(None)] == [True, False, None]
    assert [near.is_better(HIGHER), near.is_better(LOWER)] == [None, None]
    assert [far.verdict(way) for way in (HIGHER, LOWER, None)] == ["better", "worse", "significant"]
    assert near.verdict(HIGHER) == "not significant"


def test_a_table_has_p_where_a_difference_is_neither_better_nor_worse() -> None:
    old = statistic([0.50, 0.51, 0.49])
    far, near = difference(statistic([0.90, 0.91, 0.89]), old), difference(statistic([0.52, 0.50, 0.51]), old)
    assert [far.judged(way) for way in (HIGHER, LOWER, None)] == ["better", "worse", "significant"]
    assert [near.judged(way) for way in (HIGHER, None)] == ["p = 0.29", "p = 0.29"]
    assert difference(statistic([0.9]), old).judged(HIGHER) == "n = 1"
    assert difference(statistic([0.5]), old).judged(HIGHER) == "equal"
    assert difference(statistic([9.0, 9.0]), statistic([1.0, 1.0])).judged(HIGHER) == "untested"


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        ([9.0], [1.0], "both sides have a single value"),
        ([9.0], [1.0, 1.1, 1.2], "one side has a single value"),
        ([1.0, 1.1], [9.0], "one side has a single value"),
        ([9.0, 9.0], [1.0, 1.0], "the values have no spread"),
        ([0.1 + 0.2, 0.3], [0.2, 0.2], "the values have no spread"),  # but for rounding
        ([2.0, 1.0], [1.0, 2.0], "the means are equal"),
        ([math.inf, 1.0], [1.0, 2.0], "a value is not finite"),
        ([math.inf, math.inf], [math.inf, 1.0], "a value is not finite"),
        ([math.nan, 1.0], [1.0, 2.0], "a value is not finite"),
        ([1e308, 1.1e308], [-1e308, -1.1e308], "a value is not finite"),
    ],
)
def test_what_cannot_be_tested_is_never_better(new: list[float], old: list[float], why: str) -> None:
    found = difference(statistic(new), statistic(old))
    assert (found.untested, found.method, found.p, found.is_better(HIGHER)) == (why, None, None, None)
    assert found.verdict(HIGHER) == ("equal" if why == "the means are equal" else "untested")


@pytest.mark.parametrize(
    "old",
    [
        (0.2, 0.4, 0.8),
        (-3e6, 1e6, 2e6),  # pairs differ by errors of rounding that are large beside a mean of 0
        (-4192.946082699529, 3461.784314295743, -1479.4878063599485, 2210.649574763733),
    ],
)
def test_pairs_that_all_differ_by_the_same_are_tested_as_if_they_were_none(old: tuple[float, ...]) -> None:
    found = difference(with_seeds(*(value + 0.1 for value in old)), with_seeds(*old))
    assert (found.method, found.verdict(HIGHER)) == (Method.WELCH, "not significant")


@stable
@given(st.lists(numbers, min_size=2, max_size=9), st.lists(numbers, min_size=2, max_size=9))
def test_the_order_of_the_sides_does_not_matter(one: list[float], other: list[float]) -> None:
    there, back = difference(statistic(one), statistic(other)), difference(statistic(other), statistic(one))
    assert (there.value, there.p) == (-back.value, back.p)
    assert there.p is None or 0 <= there.p <= 1
