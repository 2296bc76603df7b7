"""Saved views say what the address of the page says, and nothing else."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import views
from qanat.errors import UsageError
from qanat.records import schemas

VALUES = {
    **{key: st.text(min_size=1) for key in views.TEXTS},
    **{key: st.lists(st.text(min_size=1), max_size=4) for key in views.LISTS},
    **{key: st.booleans() for key in views.FLAGS},
    **{key: st.integers(1, 1_000) for key in views.NUMBERS},
}


def test_the_page_the_schema_and_the_command_know_the_same_keys() -> None:
    in_page = re.findall(r"@property \{[^}]*\} (\w+)", (files("qanat.web") / "view.js").read_text(encoding="utf-8"))
    assert sorted(in_page) == sorted(views.KEYS)
    assert set(schemas.schema("view")["properties"]) == {*views.KEYS, *views.ABOUT}


def test_the_page_and_the_command_know_the_same_tabs() -> None:
    in_page = re.search(
        r"const TABS = \{(.*?)\n\}", (files("qanat.web") / "main.js").read_text(encoding="utf-8"), re.DOTALL
    )
    assert in_page is not None
    assert tuple(re.findall(r"^  (\w+): \[", in_page[1], re.MULTILINE)) == views.TABS


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"tab": "scater"}, (("tab",), "'scater' is not a tab; did you mean scatter?")),
        (
            {"tab": "nonsense"},
            (("tab",), "'nonsense' is not a tab; tabs: table, compare, scatter, parallel, curves, figures"),
        ),
        ({"columns": ["lr", "metric."]}, (("columns", 1), "the name of a column is missing in 'metric.'")),
        ({"sort": "-"}, (("sort",), "the name of a column is missing in '-'")),
        ({"x": "-3"}, (("x",), "'-3' is not the name of a column")),
        ({"by": ["metric.acc"]}, (("by", 0), "groups are pooled by parameters, and 'metric.acc' is a metric")),
    ],
)
def test_what_no_page_has_is_a_problem(content: dict[str, Any], problem: tuple[Any, str]) -> None:
    assert views.problems(content) == [problem]


def test_columns_that_a_page_may_have_are_no_problem() -> None:
    columns = {"sort": "-metric.acc", "x": "lr", "y": "acc", "colour": "none", "columns": ["--lr", "parameter.lr"]}
    assert views.problems({"tab": "scatter", "by": ["settings"], **columns}) == []


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_an_address_says_what_the_view_says(content: dict[str, Any]) -> None:
    assert views.from_address(views.address_of({"schema": "view/1", "name": "a", **content})) == content


@pytest.mark.parametrize("address", ["#x=%FF", "#logx=%00", "#smooth=12345", "#smooth=-1", "#by=a&scale=2"])
def test_an_address_that_no_page_makes_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        views.from_address(address)


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        views.from_address("#" + "&".join(["by=a"] * 2_000))
