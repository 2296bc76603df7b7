"""Forbidden changes of a record, as sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.meanings import Verbatim, plain
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.run import Group, State
from qanat.domain.run_changes import ReplacedMetric, forbidden, replaced_metrics
from tests.unit.records.example import RUN

RECORD: dict[str, Any] = {
    "id": "4-7f3a9c",
    "experiment": "iris",
    "description": "",
    "tags": ["a"],
    "code": {"commit": "a" * 40, "branch": "main"},
    "state": "finished",
    "started": "2026-11-23T10:00:00+00:00",
    "ended": "2026-11-23T10:00:09+00:00",
    "groups": [
        {"group": 0, "args": ["1"], "state": "finished", "exit_code": 0, "metrics": {"acc": 0.5, "loss": math.nan}},
    ],
}


def changed(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    """Return what is wrong with a record after a change."""
    new = deepcopy(RECORD)
    change(new)
    return [plain(sentence) for sentence in forbidden(RECORD, new)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: None, []),
        (lambda r: r["tags"].append("b"), []),
        (lambda r: r.update(description="better"), ["description is better instead of ''"]),
        (lambda r: r.pop("ended"), [f"ended is nothing instead of {RECORD['ended']}"]),
        (lambda r: r["code"].update(branch=None), ["code.branch is nothing instead of main"]),
        (lambda r: r["groups"][0].update(exit_code=1), ["group 0: exit_code is 1 instead of 0"]),
        (lambda r: r["groups"][0].update(args=["2"]), ["group 0: args has changed"]),
        (lambda r: r["groups"][0]["metrics"].update(acc=0.9), ["group 0: metrics.acc is 0.9 instead of 0.5"]),
        (lambda r: r["groups"][0]["metrics"].pop("acc"), ["group 0: metrics.acc is nothing instead of 0.5"]),
        (lambda r: r["groups"].append({"group": 1}), ["groups has changed"]),
    ],
)
def test_a_change_is_said_with_both_values(change: Callable[[dict[str, Any]], Any], expected: list[str]) -> None:
    assert changed(change) == expected


def test_a_key_that_somebody_made_up_is_marked_as_a_word_of_the_file() -> None:
    (sentence,) = forbidden(RECORD, {**RECORD, "[click](here)": 1})
    assert isinstance(sentence[0], Verbatim)
    assert sentence[0] == "[click](here)"


def test_metrics_of_ended_groups_that_have_other_values_are_listed() -> None:
    ended = Group(0, (), State.FINISHED, metrics={"acc": 0.5, "loss": math.nan, "gone": 1.0})
    old = replace(RUN, groups=(ended, Group(1, (), State.RUNNING, metrics={"acc": 0.1})))
    again = replace(ended, attempt=2, metrics={"acc": 0.9, "loss": math.nan, "new": 2.0})
    new = replace(RUN, groups=(again, Group(1, (), State.FINISHED, metrics={"acc": 0.2})))
    assert replaced_metrics(old, new) == [
        ReplacedMetric(0, "acc", 0.5, 0.9),
        ReplacedMetric(0, "gone", 1.0, None),
        ReplacedMetric(0, "new", None, 2.0),
    ]
    assert replaced_metrics(old, old) == []


def test_a_curve_that_has_changed_is_among_the_replaced_metrics() -> None:
    before = CurveSummary(Point(1, 9), Point(0.5, 3), Point(2, 1), 9)
    after = CurveSummary(Point(1, 9), Point(0.25, 3), Point(2, 1), 9)
    old, new = (RUN.with_groups({0: replace(RUN.groups[0], curves={"loss": c})}) for c in (before, after))
    assert replaced_metrics(old, new) == [ReplacedMetric(0, "loss.min", 0.5, 0.25)]


def test_what_should_have_changed_with_an_attempt_is_said_so() -> None:
    said = changed(lambda r: r["groups"][0].update(attempt=2, metrics={"acc": 0.9}))
    assert "submission.intent is still that of the earlier attempt" in said
