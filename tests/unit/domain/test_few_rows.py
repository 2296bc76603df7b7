"""A few rows of many."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.few_rows import LastRows, Thinned
from qanat.domain.series_rows import AlikeRows, Row
from tests.support.strategies import stable


def thinned(most: int, found: Iterable[Row]) -> Thinned:
    """Thin rows out."""
    few = Thinned(most)
    for row in found:
        few.add(row)
    return few


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


@stable
@given(st.integers(1, 3), st.lists(st.tuples(st.sampled_from(["a", "b", "ab"]), st.integers(1, 30)), max_size=9))
def test_rows_that_are_alike_are_thinned_out_as_others_are(most: int, blocks: list[tuple[str, int]]) -> None:
    at_once, one_by_one, step = Thinned(most), Thinned(most), 0
    for names, count in blocks:
        steps = range(step, step + count)
        block = AlikeRows([*names], steps, [steps] * len(names))
        at_once.extend(block)
        one_by_one.extend([*block])
        step += count
    assert (at_once.rows(), at_once.count, at_once.each) == (one_by_one.rows(), one_by_one.count, one_by_one.each)


def test_the_last_rows_are_kept() -> None:
    found, last = [Row(step, {"a": step}) for step in range(5)], LastRows(3)
    for block in (found[:4], found[4:]):
        last.extend(block)
    assert last.rows() == found[2:]
