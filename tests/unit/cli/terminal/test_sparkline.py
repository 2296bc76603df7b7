"""Curves drawn in one line."""

from __future__ import annotations

import io
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.cli.terminal.sparkline import BLOCKS, BLOCKS_IN_ASCII, NOT_FINITE, WIDTH, has_blocks, sparkline
from tests.support.strategies import stable


@pytest.mark.parametrize(
    ("values", "drawn", "in_ascii"),
    [
        ([], "", ""),
        ([5], "▅", "="),
        ([2, 2], "▅▅", "=="),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█", "_.-~=+*#"),
        ([7, math.nan, 0, math.inf, -math.inf], f"█{NOT_FINITE}▁{NOT_FINITE}{NOT_FINITE}", "#x_xx"),
        ([math.nan], NOT_FINITE, "x"),
        ([-1.7e308, 0, 1.7e308], "▁▅█", "_=#"),
    ],
)
def test_each_value_is_a_block_between_the_least_and_the_greatest(
    values: list[float], drawn: str, in_ascii: str
) -> None:
    assert sparkline(values, in_ascii=False) == drawn
    assert sparkline(values, in_ascii=True) == in_ascii


def test_of_many_values_a_block_is_their_mean() -> None:
    assert sparkline([0, 2, 0, 4, 5, 5], in_ascii=False, width=3) == "▁▃█"
    assert sparkline([1] * 500 + [math.nan] + [2] * 499, in_ascii=False, width=4) == f"▁▁{NOT_FINITE}█"


@stable
@given(st.lists(st.floats(), min_size=1, max_size=100))
def test_any_values_are_drawn_in_the_width_that_there_is(values: list[float]) -> None:
    drawn = sparkline(values, in_ascii=True)
    assert len(drawn) == min(len(values), WIDTH)
    assert set(drawn) <= {*BLOCKS_IN_ASCII, "x"}


@pytest.mark.parametrize(("encoding", "has"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_blocks_are_for_terminals_that_can_write_them(
    encoding: str, has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert has_blocks() is has
    assert len(BLOCKS) == len(BLOCKS_IN_ASCII)
