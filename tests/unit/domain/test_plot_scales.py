"""Which axes of a plot are logarithmic, and their ticks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.plot_scales import TICKS_MAX, Scales, log_ticks, round_ticks, scales
from tests.support.strategies import stable


@pytest.mark.parametrize(
    ("choice", "xs", "ys", "expected"),
    [
        (None, [0.003, 1], [1, 2], Scales(True, False, ("x",))),
        (None, [1, 99], [0.01, 1], Scales(False, True, ("y",))),
        (None, [0, 1000], [-1, 1000], Scales()),
        (None, [], [1e-200, 1], Scales()),
        (None, [1, 1e300], [1, 100], Scales(False, True, ("y",))),
        ("none", [0.003, 1], [1, 1000], Scales()),
        ("x", [1, 2], [1, 1000], Scales(True, False)),
        ("both", [1, 2], [1, 2], Scales(True, True)),
    ],
)
def test_an_axis_is_logarithmic_on_request_or_if_its_values_differ_widely(
    choice: str | None, xs: list[float], ys: list[float], expected: Scales
) -> None:
    assert scales(choice, xs, ys) == expected


@pytest.mark.parametrize(
    ("least", "greatest", "ticks"),
    [
        (0.003, 1, [0.01, 0.1, 1]),
        (1, 1000, [1, 10, 100, 1000]),
        (3, 30, [5, 10, 20]),
        (0.2, 0.9, [0.2, 0.5]),
        (2.1, 2.2, [2.1, 2.2]),
        (1e-12, 1e12, [1e-12, 1e-8, 1e-4, 1, 1e4, 1e8, 1e12]),
    ],
)
def test_ticks_are_powers_of_ten_or_few_others(least: float, greatest: float, ticks: list[float]) -> None:
    assert log_ticks(least, greatest) == ticks


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 49], [0, 10, 20, 30, 40]),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 0.5, 2], [0, 0.5, 1, 1.5, 2]),
        ([1, 990], [200, 400, 600, 800]),
        ([-0.1, 0.3], [-0.1, 0, 0.1, 0.2, 0.3]),
        ([1e9, 1e9 + 4], [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4]),
        ([-1e308, 1e308], [-1e308, -5e307, 0, 5e307, 1e308]),
        ([0, 1e-320], [0, 2e-321, 4e-321, 6e-321, 8e-321, 1e-320]),
        ([3, 3], []),
    ],
)
def test_a_linear_axis_has_ticks_at_round_numbers(values: list[float], ticks: list[float]) -> None:
    assert round_ticks(values) == ticks


@stable
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2))
def test_a_linear_axis_has_few_ticks_and_all_of_them_inside(values: list[float]) -> None:
    ticks = round_ticks(values)
    assert len(ticks) <= TICKS_MAX
    assert all(min(values) <= tick <= max(values) for tick in ticks)
