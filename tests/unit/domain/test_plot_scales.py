"""Which axes of a plot are logarithmic, and their ticks."""

from __future__ import annotations

import pytest

from qanat.domain.plot_scales import Scales, log_ticks, scales


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
