"""Which of the new runs a condition leaves in a report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qanat.domain import condition
from qanat.errors import UsageError
from qanat.usecases.review.chosen import Chosen, choose
from tests.unit.domain.test_comparison import a_run

NOW = datetime(2026, 11, 29, tzinfo=UTC)
RUNS = {
    "iris": [a_run(1, ("--n 1", {"acc": 1}), ("--n 2", {"acc": 2})), a_run(2, ("--n 3", {"acc": 3}))],
    "wine": [a_run(3, ("--n 1", {"acc": 1}), experiment="old_wine")],
}


def chosen(text: str) -> Chosen:
    return choose(RUNS, condition.parse(text), NOW)


@pytest.mark.parametrize(
    ("text", "kept", "hidden"),
    [
        ("", {"iris": {1: [0, 1], 2: [0]}, "wine": {3: [0]}}, 0),
        ("n=1", {"iris": {1: [0]}, "wine": {3: [0]}}, 2),
        ("metric.acc>2.5", {"iris": {2: [0]}}, 3),
        ("experiment=wine", {"wine": {3: [0]}}, 3),
        ("n=7", {}, 4),
    ],
)
def test_groups_that_do_not_meet_the_condition_are_left_out_and_counted(
    text: str, kept: dict[str, dict[int, list[int]]], hidden: int
) -> None:
    found = chosen(text)
    assert {
        name: {run.number: [group.number for group in run.groups] for run in own} for name, own in found.runs.items()
    } == kept
    assert found.hidden_groups == hidden


def test_a_name_that_no_new_run_has_is_an_error_unless_there_are_none() -> None:
    with pytest.raises(UsageError, match="no run has the parameter or metric 'accuracy'"):
        chosen("accuracy>1")
    assert choose({}, condition.parse("accuracy>1"), NOW) == Chosen({})
