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
