"""Series as rows of a table."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.curves import collected
from qanat.domain.series import Points
from qanat.domain.series_rows import AlikeRows, Row, joined, joined_blocks, merged, rows, rows_of
from tests.support.strategies import stable

STEPS = (1.0, 2.0, 5.0)
BLOCK = [Points("loss", STEPS, (3.0, 2.0, 1.0)), Points("acc", STEPS, (0.1, 0.2, 0.3))]
SHORT = Points("val", [2.0], [7.0])


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


@stable
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, unique=True).map(sorted)))
def test_a_step_that_two_blocks_share_has_one_row(blocks: list[list[int]]) -> None:
    alike = [AlikeRows(["a"], steps, [[10 * i + step for step in steps]]) for i, steps in enumerate(blocks)]
    found = [row for block in joined_blocks(alike) for row in block]
    assert found == [*joined(row for block in alike for row in block)]


def test_rows_that_are_alike_are_made_when_they_are_asked_for() -> None:
    found = AlikeRows(["a", "b"], [1, 2, 3], [[4, 5, 6], [7, 8, 9]])
    assert [*found] == [found[0], found[1], found[2]] == [*found[:2], found[-1]]
    assert found[1] == Row(2, {"a": 5, "b": 8})


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
