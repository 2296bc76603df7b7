"""Curves, and what they come to."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import curves
from qanat.domain.curves import Curve, Summing, TooManyValues, collected
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.series import Points

FEW = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 2.0])


def summed(*blocks: Points) -> CurveSummary:
    """Sum up the blocks of one curve, which is read again if it has to be."""
    summing = Summing()
    for block in blocks:
        summing.add([block])
    whole = collected([[block] for block in blocks], summing.unordered)
    for name, curve in whole.items():
        summing.complete(name, curve)
    (found,) = summing.summaries().values()
    return found


def test_of_the_values_of_a_step_the_later_counts() -> None:
    before, after = Points("a", [1, 2, 3], [1, 2, 3]), Points("a", [2, 3, 4], [20, 30, 40])
    (curve,) = collected([[before], [after]]).values()
    assert ([*curve.steps], [*curve.values]) == ([1, 2, 3, 4], [1, 20, 30, 40])


def test_a_curve_comes_to_its_last_least_and_greatest_value_with_their_steps() -> None:
    found = summed(Points("a", [0, 10], [3, 1]), Points("a", [20, 30.5], [5, 1]))
    assert found == CurveSummary(Point(1, 30.5), Point(1, 10), Point(5, 20), 4)
    assert found.statistics() == {"last": 1, "min": 1, "max": 5, "count": 4}
    assert repr(found.min.step) == "10"


def test_a_restart_takes_back_what_it_writes_again() -> None:
    found = summed(Points("a", [1, 2, 3, 4], [5, 9, 0, 4]), Points("a", [2, 3], [6, 2]))
    assert found == CurveSummary(Point(2, 3), Point(2, 3), Point(6, 2), 4)


def test_nan_is_least_and_greatest_only_where_nothing_else_is() -> None:
    found = summed(Points("a", [1, 2], [math.nan, math.nan]), Points("a", [3, 4], [2, math.nan]))
    assert (found.min, found.max, found.count) == (Point(2, 3), Point(2, 3), 4)
    assert repr(summed(Points("a", [1, 2], [math.nan, math.nan])).min) == "Point(value=nan, step=2)"


@given(st.lists(st.tuples(st.integers(0, 5), FEW), min_size=1), st.integers(1, 4))
def test_curves_come_to_the_same_however_they_are_read(points: list[tuple[float, float]], size: int) -> None:
    blocks = [points[i : i + size] for i in range(0, len(points), size)]
    found = summed(*[Points("a", *map(list, zip(*block, strict=True))) for block in blocks])
    latest = dict(points)
    known = [value for value in latest.values() if not math.isnan(value)] or [math.nan]
    expected = (points[-1][1], min(known), max(known), len(latest))
    assert repr((found.last.value, found.min.value, found.max.value, found.count)) == repr(expected)
    assert all(repr(latest[p.step]) == repr(p.value) for p in (found.min, found.max))


def test_only_the_curves_that_are_asked_for_are_collected() -> None:
    found = collected([[Points("a", [1], [1]), Points("b", [1], [2])]], {"b"})
    assert [(name, type(curve)) for name, curve in found.items()] == [("b", Curve)]


def test_long_curves_whose_steps_go_back_are_put_in_order_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "SORTED_MAX", 7)
    steps = random.Random(1).choices(range(50), k=200)
    (curve,) = collected([[Points("a", steps, list(range(200)))]]).values()
    latest = dict(zip(steps, range(200), strict=True))
    assert list(zip(curve.steps, curve.values, strict=True)) == sorted(latest.items())


def test_more_values_than_fit_into_memory_are_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "VALUES_MAX", 3)
    points = [[Points("a", [1, 2], [1, 2]), Points("b", [1, 2], [1, 2])]]
    with pytest.raises(TooManyValues):
        collected(points)
    assert [*collected(points, {"b"})] == ["b"]
