"""Baselines with which nothing can be compared: an existing one fails the check, a new one does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from qanat.domain.baseline import Verdict
from qanat.domain.facts import RunFacts, facts_of
from qanat.domain.run import Run
from qanat.usecases.review import behind
from qanat.usecases.review.baselines import Baselines
from tests.unit.domain.test_comparison import a_run

NEW = a_run(5, ("--n 1", {"acc": 0.9}), tree="b" * 40)
OLD = a_run(1, ("--n 1", {"acc": 0.8}))
BETTER = [{"file": "metrics.json", "better": {"acc": "higher", "los": "lower"}}]


class Earlier(Baselines):
    """The runs of another side."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs

    def facts(self, names: Iterable[str]) -> list[RunFacts]:
        return [facts_of(run) for run in self._runs if run.experiment in names]


def verdict(rule: dict[str, Any], old: Sequence[Run] = (OLD,), *, is_new: bool = False) -> Verdict:
    definition = {"metrics": BETTER, "baseline": rule}
    (found,) = behind.verdicts(
        "iris", definition, [NEW], ["iris"], Earlier(old), datetime(2026, 11, 29, tzinfo=UTC), is_new=is_new
    )
    return found


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"metric": "acc", "where": "tag=basline"}, "no group on the other side meets tag=basline"),
        ({"metric": "los"}, "no finished group on the other side has this metric"),
        ({"metric": "los", "where": "n=1"}, "no finished group on the other side that meets n=1 has this metric"),
        ({"metric": "loss"}, "no metric says which direction of it is better"),
        (
            {"metric": "acc", "where": "depth=3"},
            "no run has the parameter or metric 'depth' (character 1 of the condition)",
        ),
    ],
)
def test_an_existing_baseline_without_values_is_unmet_and_a_new_one_is_not(rule: dict[str, Any], problem: str) -> None:
    found = verdict(rule)
    assert (found.problem, found.compared, found.is_unmet) == (problem, 0, True)
    new = verdict(rule, is_new=True)
    assert (new.problem, new.is_unmet) == (problem, False)


def test_a_baseline_with_values_is_compared_even_if_it_is_new() -> None:
    for is_new in (False, True):
        found = verdict({"metric": "acc", "where": "n=1"}, is_new=is_new)
        assert (found.problem, found.compared, found.is_unmet) == ("", 1, False)


def test_before_the_first_result_a_baseline_asks_for_nothing_but_what_its_condition_names() -> None:
    found = verdict({"metric": "acc"}, old=())
    assert (found.problem, found.compared, found.is_unmet) == ("", 0, False)
    assert verdict({"metric": "acc", "where": "tag=baseline"}, old=()).is_unmet
