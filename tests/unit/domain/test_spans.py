"""Numbers as spans."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import spans


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((), ""), ((7,), "7"), ((0, 1, 2, 7), "0-2,7"), ((3, 1, 2), "1-3"), ((5, 5, 6), "5-6"), ((0, 2, 4), "0,2,4")],
)
def test_neighbours_are_written_as_one(numbers: tuple[int, ...], text: str) -> None:
    assert spans.format_spans(numbers) == text


@given(st.sets(st.integers(0, 60)))
def test_spans_hold_the_same_numbers_and_do_not_touch(numbers: set[int]) -> None:
    found = spans.spans(numbers)
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(numbers)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(found))
