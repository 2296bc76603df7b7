"""How the options of references write numbers, and what is noted of the groups of a mean."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import pinned_groups
from qanat.domain.reference_options import shape, significant
from qanat.domain.statistics import Statistic
from tests.support.strategies import stable


@pytest.mark.parametrize(
    ("value", "options", "written"),
    [
        (0.9534, {}, "0.9534"),
        (0.9534, {"digits": "2"}, "0.95"),
        (0.95, {"digits": "3"}, "0.950"),
        (1234.5, {"digits": "3"}, "1230"),
        (1234567, {"digits": "3"}, "1.23e+06"),
        (1234567, {"digits": "7"}, "1234567"),
        (0.00001234, {"digits": "2"}, "1.2e-05"),
        (0.0, {"digits": "3"}, "0.00"),
        (-0.0004, {"decimals": "2"}, "0.00"),
        (0.9534, {"decimals": "0", "percent": ""}, "95"),
        (0.957, {"percent": ""}, "95.7"),
        (0.29, {"percent": "", "digits": "2"}, "29"),
        (12345.678, {"format": ".2e"}, "1.23e+04"),
        (math.inf, {"digits": "3"}, "inf"),
        (math.nan, {"digits": "3"}, "nan"),
    ],
)
def test_a_number_is_written_as_its_options_say(value: float, options: dict[str, str], written: str) -> None:
    assert shape(options).number(value) == written


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, "87.0 ± 4.1 (n=5)"),
        ({"show": "spread"}, "87.0 ± 4.1"),
        ({"show": "mean"}, "87.0"),
        ({"show": "std"}, "4.1"),
        ({"show": "n"}, "5"),
        ({"decimals": "2"}, "86.98 ± 4.12 (n=5)"),
        ({"digits": "1", "show": "spread"}, "90 ± 4"),
        ({"percent": "", "show": "spread"}, "8700 ± 410"),
    ],
)
def test_a_mean_is_written_as_its_options_say(options: dict[str, str], written: str) -> None:
    assert shape(options).mean(Statistic(86.98, 4.1234, 5)) == written


def test_a_mean_without_a_deviation() -> None:
    single = Statistic(0.5, None, 1)
    assert [shape({"show": show}).mean(single) for show in ("all", "spread", "mean", "std", "n")] == [
        *("0.5 (n=1)", "0.5", "0.5", "", "1"),
    ]
    large = Statistic(1.5e9, 2.5e8, 2)
    assert [shape({"show": show}).mean(large) for show in ("spread", "mean", "std")] == [
        *("(1.50 ± 0.25)e+09", "1.5e+09", "2.5e+08"),
    ]


@stable
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 15))
def test_so_many_digits_are_right(value: float, digits: int) -> None:
    assert float(significant(value, digits)) == float(f"{value:.{digits - 1}e}")


def test_groups_are_noted_in_short() -> None:
    members = [("1-7f3a9c", 5), ("1-7f3a9c", 0), ("3-0b21d8", 2), ("1-7f3a9c", 1), ("1-7f3a9c", 2)]
    text = pinned_groups.pin_of(members)
    assert text == "1-7f3a9c.0-2,5+3-0b21d8.2"
    assert pinned_groups.groups_of(text) == {"1-7f3a9c": {0, 1, 2, 5}, "3-0b21d8": {2}}
    many = [("1-7f3a9c", number) for number in range(0, 1000, 2)]
    text = pinned_groups.pin_of(many)
    assert text.startswith("n=500:")
    assert text != pinned_groups.pin_of(many[1:])
    assert pinned_groups.groups_of(text) is None


@pytest.mark.parametrize(
    "text", ["", "4", "1-7f3a9c", "1-7f3a9c.", "1-7f3a9c.-", "1-7f3a9c.1-99999999", "1-7f3a9c.1--2", "1-7f3a9c.1,,2"]
)
def test_what_notes_no_groups(text: str) -> None:
    assert pinned_groups.groups_of(text) is None
