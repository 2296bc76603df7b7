"""Metrics: numbers from nested mappings."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from qanat.domain.metrics import METRICS_MAX, NAME_MAX, VALUES_MAX, flatten, select
from tests.support.strategies import json_values, stable


def test_nested_names_are_joined_and_only_numbers_stay() -> None:
    content = {
        "acc": 0.9,
        "n": 3,
        "test": {"acc": 0.8, "by_class": {"a": 1}},
        "name": "run",
        "flag": True,
        "none": None,
        "list": [1, 2],
    }
    assert flatten(content) == {"acc": 0.9, "n": 3, "test.acc": 0.8, "test.by_class.a": 1}


@pytest.mark.parametrize("content", [None, [], [1, 2], 3.5, "text", {}, {"a": {"b": "c"}}])
def test_what_holds_no_named_number_gives_none(content: Any) -> None:
    assert flatten(content) == {}


def test_a_name_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="a name contains a null character"):
        flatten({"a\0": 1})
    with pytest.raises(ValueError, match="a name is not Unicode text"):
        flatten({"a": {"\ud800": 1}})


def test_long_names_are_left_out_before_they_are_joined_with_others() -> None:
    many = {f"{i:x}": 1 for i in range(40_000)}
    assert flatten({"a": 1, "k" * 500_000: many, "b": {"k" * 500_000: many}, "c": 2}) == {"a": 1, "c": 2}
    name = "k" * (NAME_MAX - 2)
    assert flatten({name: {"a": 1, "ab": 2}}) == {f"{name}.a": 1}


def test_values_beyond_the_limit_are_not_read() -> None:
    assert len(flatten({"a": {str(i): i for i in range(VALUES_MAX + 1)}})) == VALUES_MAX


def test_keys_choose_numbers_and_give_their_order() -> None:
    numbers = {"acc": 0.9, "loss": 0.1, "n": 3}
    assert list(select(numbers, ["loss", "missing", "acc"]).items()) == [("loss", 0.1), ("acc", 0.9)]
    assert select(numbers, []) == numbers


def test_a_record_gets_no_more_than_a_thousand_numbers() -> None:
    many = {str(i): i for i in range(METRICS_MAX + 5)}
    assert list(select(many, [])) == [str(i) for i in range(METRICS_MAX)]


@stable
@given(json_values())
def test_any_content_gives_only_numbers_by_name(content: Any) -> None:
    for name, value in flatten(content).items():
        assert isinstance(name, str)
        assert type(value) in (int, float)


def test_a_number_that_is_larger_than_any_float_is_infinite() -> None:
    assert flatten({"a": 10**400, "b": -(10**400), "c": 10**300 - 1}) == {
        "a": math.inf,
        "b": -math.inf,
        "c": 10**300 - 1,
    }
