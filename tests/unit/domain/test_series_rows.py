"""Series as rows of a table."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.curves import collected
from qanat.domain.series import Points
from qanat.domain.series_rows import Row, Thinned, joined, merged, rows, rows_of
from tests.support.strategies import stable

STEPS = (1.0, 2.0, 5.0)
BLOCK = [Points("loss", STEPS, (3.0, 2.0, 1.0)), Points("acc", STEPS, (0.1, 0.2, 0.3))]
SHORT = Points("val", [2.0], [7.0])


def thinned(most: int, found: Iterable[Row]) -> Thinned:
    """Thin rows out."""
    few = Thinned(most)
    for row in found:
        few.add(row)
    return few


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ([], []),
        (BLOCK, [(1, {"loss": 3, "acc": 0.1}), (2, {"loss": 2, "acc": 0.2}), (5, {"loss": 1, "acc": 0.3})]),
        ([BLOCK[0], SHORT], [(1, {"loss": 3}), (2, {"loss": 2, "val": 7}), (5, {"loss": 1})]),
        ([Points("a", (3.0, 1.0, 3.0), (1.0, 2.0, 3.0))], [(1, {"a": 2}), (3, {"a": 3})]),
    ],
)
def test_a_block_has_a_row_for_each_step_and_of_two_values_the_later_counts(
    block: list[Points], expected: list[tuple[float, dict[str, float]]]
) -> None:
    assert [(step, dict(values)) for step, values in rows(block)] == expected


def test_neighbours_with_the_same_step_are_one_row() -> None:
    found = [Row(1, {"a": 1}), Row(1, {"b": 2}), Row(2, {"a": 3}), Row(1, {"a": 4})]
    assert [*joined(found)] == [Row(1, {"a": 1, "b": 2}), Row(2, {"a": 3}), Row(1, {"a": 4})]
    assert [*joined([])] == []


def test_files_are_merged_by_their_steps() -> None:
    first, second = [Row(1, {"a": 1}), Row(3, {"a": 3})], [Row(2, {"b": 2}), Row(3, {"b": 3})]
    assert [*merged([first, second])] == [Row(1, {"a": 1}), Row(2, {"b": 2}), Row(3, {"a": 3, "b": 3})]


@stable
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(0, 9)), max_size=30))
def test_whole_curves_have_the_latest_value_of_each_step(points: list[tuple[str, int, int]]) -> None:
    blocks = [[Points(name, array("d", [step]), array("d", [value]))] for name, step, value in points]
    latest: dict[float, dict[str, float]] = {}
    for name, step, value in points:
        latest.setdefault(step, {})[name] = value
    assert [(row.step, dict(row.values)) for row in rows_of(collected(blocks))] == sorted(latest.items())


def test_few_rows_stay_as_they_are() -> None:
    found = [Row(step, {"a": step}) for step in range(8)]
    assert thinned(4, found).rows() == found
    assert thinned(4, []).rows() == []


def test_of_many_rows_each_that_is_kept_has_the_newest_values_of_as_many() -> None:
    few = thinned(4, (Row(step, {"a": step} | ({"rare": step} if step % 3 == 2 else {})) for step in range(30)))
    assert (few.count, few.each) == (30, 4)
    assert few.rows() == [
        Row(0, {"a": 0}),
        *(Row(step, {"a": step, "rare": step - (step + 1) % 3}) for step in (4, 8, 12, 16, 20, 24, 28)),
        Row(29, {"a": 29, "rare": 29}),
    ]


@stable
@given(st.integers(1, 5), st.integers(0, 200))
def test_the_first_and_the_last_row_are_kept_and_never_more_than_twice_as_many(most: int, count: int) -> None:
    found = thinned(most, (Row(step, {"a": step}) for step in range(count))).rows()
    assert len(found) <= 2 * most + 1
    assert [row.step for row in (*found[:1], *found[-1:])] == ([0, count - 1] if count else [])
