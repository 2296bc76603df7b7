"""Baselines that could not be compared are problems of the definition."""

from __future__ import annotations

from qanat.usecases.checks.baselines import problems

METRICS = [{"file": "metrics.json", "better": {"acc": "higher"}}]


def test_a_condition_that_cannot_be_read_and_a_metric_without_a_direction_are_named() -> None:
    several = [{"metric": "acc", "where": "n<"}, {"metric": "loss"}]
    assert list(problems({"metrics": METRICS, "baseline": several})) == [
        (("baseline", 0, "where"), "a value is missing after '<' (character 2 of the condition)"),
        (("baseline", 1, "metric"), "no file of metrics says which direction of 'loss' is better"),
    ]
    assert [key for key, _ in problems({"baseline": {"metric": "acc"}})] == [("baseline", "metric")]


def test_one_that_can_be_compared_has_no_problem() -> None:
    assert list(problems({"metrics": METRICS, "baseline": {"metric": "acc", "where": "tag=baseline"}})) == []
    assert list(problems({"metrics": METRICS})) == []
