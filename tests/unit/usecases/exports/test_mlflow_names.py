"""Names and values as MLflow takes them."""

from __future__ import annotations

import math
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.run import State
from qanat.usecases.exports import mlflow_names as names


@given(st.lists(st.text(), unique=True))
def test_names_are_taken_and_none_becomes_another(given_names: list[str]) -> None:
    found = names.names_for(given_names)
    assert list(found) == given_names
    assert len(set(found.values())) == len(given_names)
    for name in found.values():
        # What mlflow.utils.validation asks for.
        assert 0 < len(name) <= names.NAME_MAX
        assert names.name_for(name) == name
        assert posixpath.normpath(name) == name != "."
        assert not name.startswith(("..", "/"))


@pytest.mark.parametrize(
    ("name", "taken"),
    [("lr", "lr"), ("val/loss top 1", "val/loss top 1"), ("a*b", "a_b"), ("../x", "x"), ("//", "_"), ("", "_")],
)
def test_names_are_kept_as_far_as_they_can_be(name: str, taken: str) -> None:
    assert names.name_for(name) == taken


def test_long_names_keep_their_beginning() -> None:
    first, second = names.names_for(["x" * 300, "x" * 301]).values()
    assert first[:200] == second[:200] == "x" * 200
    assert first != second


def test_files_have_names_that_addresses_can_have() -> None:
    found = names.files_for(["plots/a b.svg", "a?b#c", "a_b_c", "100%", "new\nline", "back\\slash"])
    assert [*found.values()][:2] == ["plots/a b.svg", "a_b_c"]
    assert found["a_b_c"].startswith("a_b_c_")
    assert [*found.values()][3:] == ["100_", "new_line", "back_slash"]


def test_steps_are_whole_numbers() -> None:
    assert [names.step_of(step, 7) for step in (3, 3.0, -1, 0.5, 1e30, math.inf)] == [3, 3, -1, 7, 7, 7]


def test_every_state_has_a_status() -> None:
    assert {names.status_of(state) for state in State} == {"SCHEDULED", "RUNNING", "FINISHED", "KILLED", "FAILED"}
