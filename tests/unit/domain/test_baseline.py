"""New results beside a baseline: worse by more than the tolerance and significantly so, not a number, or failed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qanat.domain import setting
from qanat.domain.baseline import Rule, Standing, Verdict, judge, rules_of, standing
from qanat.domain.run import Run, State
from qanat.domain.seeds import GUESSED
from qanat.domain.statistics import Statistic, statistic
from tests.unit.domain.test_comparison import a_run

OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40


def one(value: float) -> Statistic:
    return statistic([value])


@pytest.mark.parametrize(
    ("tolerance", "now", "expected"),
    [
        (0.0, 0.5, False),
        (0.0, 0.499, True),
        (0.0, 0.6, False),
        (0.1, 0.41, False),
        (0.1, 0.39, True),
        ("10%", 0.46, False),
        ("10%", 0.44, True),
        (0.0, math.nan, True),
        (1e9, -math.inf, True),
    ],
)
def test_a_value_is_behind_if_it_is_worse_by_more_than_the_tolerance(
    tolerance: float | str, now: float, expected: bool
) -> None:
    found = standing(Rule("acc", tolerance=tolerance), "higher", one(now), one(0.5))
    assert found is (Standing.BEHIND if expected else Standing.KEPT)


def test_where_lower_is_better_higher_is_behind() -> None:
    assert standing(Rule("loss"), "lower", one(2), one(1)) is Standing.BEHIND
    assert standing(Rule("loss"), "lower", one(0.5), one(1)) is Standing.KEPT
    assert standing(Rule("loss", tolerance="50%"), "lower", one(-0.6), one(-1)) is Standing.KEPT


@pytest.mark.parametrize(
    ("tolerance", "values", "expected"),
    [
        (0.0, [0.45, 0.55, 0.68], Standing.KEPT),
        ("0%", [0.45, 0.55, 0.68], Standing.KEPT),
        (0.01, [0.45, 0.55, 0.68], Standing.UNCLEAR),
        (0.1, [0.45, 0.55, 0.68], Standing.KEPT),
        (0.0, [0.35, 0.5, 0.55], Standing.UNCLEAR),
        (0.0, [0.1, 0.2, 0.15], Standing.BEHIND),
        (0.0, [0.1, 0.9, 0.2], Standing.KEPT),
        ("1%", [0.1, 0.9, 0.2], Standing.UNCLEAR),
        (0.0, [0.6, 0.7, 0.8], Standing.KEPT),
    ],
)
def test_a_worse_mean_that_the_test_does_not_confirm_is_unclear_if_there_is_a_tolerance_or_p_is_small(
    tolerance: float | str, values: list[float], expected: Standing
) -> None:
    before = statistic([0.5, 0.6, 0.7])
    assert standing(Rule("acc", tolerance=tolerance), "higher", statistic(values), before) is expected


def judged(new: Sequence[Run], old: Sequence[Run], rule: Rule) -> Verdict:
    rows = setting.pooled(list(reversed(old)), GUESSED).rows
    return judge("iris", rule, "higher", new, rows, GUESSED)


def test_each_setting_is_compared_with_the_newest_code_of_the_baseline() -> None:
    old = [
        a_run(1, ("--n 1", {"acc": 0.9}), ("--n 2", {"acc": 0.9}), tree=OLD),
        a_run(2, ("--n 1", {"acc": 0.5}), tree=NEW),
    ]
    new = [a_run(5, ("--n 1", {"acc": 0.6}), ("--n 2", {"acc": 0.6}), ("--n 3", {"acc": 0}), tree=NEWER)]
    found = judged(new, old, Rule("acc"))
    assert found.compared == 2
    (behind,) = found.behind
    assert (behind.parameters, behind.runs, behind.runs_before) == ((("--n", "2"),), ("5-000005",), ("1-000001",))
    assert (behind.before.mean, behind.now) == (0.9, one(0.6))


def test_the_latest_run_of_a_setting_counts() -> None:
    old = [a_run(1, ("--n 1", {"acc": 0.9}), tree=OLD)]
    bad, good = a_run(5, ("--n 1", {"acc": 0.1}), tree=NEW), a_run(6, ("--n 1", {"acc": 0.95}), tree=NEWER)
    assert judged([bad, good], old, Rule("acc")).behind == ()
    assert len(judged([good, bad], old, Rule("acc")).behind) == 1
    # The code of the first run was used again, after other code.
    again = a_run(7, ("--n 1", {"acc": 0.2}), tree=NEW)
    assert len(judged([bad, good, again], old, Rule("acc")).behind) == 1


def test_a_setting_is_compared_and_shown_however_its_numbers_are_spelled() -> None:
    old = [a_run(1, ("--lr 0.3", {"acc": 0.9}), tree=OLD)]
    (behind,) = judged([a_run(5, ("--lr 3e-1", {"acc": 0.6}), tree=NEW)], old, Rule("acc")).behind
    assert behind.parameters == (("--lr", "3e-1"),)


def test_a_setting_that_fails_is_behind_with_its_cause() -> None:
    old = [a_run(1, ("--n 1", {"acc": 0.9}), tree=OLD)]
    run = a_run(5, ("--n 1", {"acc": 0.95}), tree=NEW)
    failed = run.with_groups({0: replace(run.groups[0], state=State.FAILED, exit_code=3)})
    (behind,) = judged([failed], old, Rule("acc")).behind
    assert (behind.now, behind.failed, behind.cause, behind.runs) == (None, 1, "exit code 3", ("5-000005",))


def seeds_of(number: int, values: Sequence[float], tree: str) -> Run:
    return a_run(number, *((f"--n 1 --seed {i}", {"acc": value}) for i, value in enumerate(values)), tree=tree)


def test_an_unclear_setting_was_compared_and_is_not_behind() -> None:
    new, old = seeds_of(5, [0.1, 0.9, 0.2], NEW), seeds_of(1, [0.5, 0.6, 0.7], OLD)
    found = judged([new], [old], Rule("acc", tolerance="5%"))
    (unclear,) = found.unclear
    assert (found.compared, found.behind, found.is_unmet) == (1, (), False)
    assert unclear.now is not None
    assert (unclear.now.count, unclear.before.count) == (3, 3)
    assert unclear.p is not None
    assert unclear.p > 0.05


def test_a_setting_of_the_baseline_without_its_metric_is_behind() -> None:
    old = [a_run(1, ("--n 1", {"acc": 0.9}), ("--n 2", {"acc": 0.9}), tree=OLD)]
    new = a_run(5, ("--n 1", {"ac": 0.95}), ("--n 2", {"acc": 0.95}), ("--n 3", {}), tree=NEW)
    found = judged([new], old, Rule("acc"))
    (behind,) = found.behind
    assert (behind.parameters, behind.now, behind.failed, behind.cause) == ((("--n", "1"),), None, 0, "")
    assert (found.compared, found.is_unmet) == (2, True)


def test_a_metric_that_only_older_new_runs_have_is_missing() -> None:
    old = [a_run(1, ("--n 1", {"acc": 0.9}), tree=OLD)]
    new = [a_run(5, ("--n 1", {"acc": 0.95}), tree=NEW), a_run(6, ("--n 1", {"ac": 0.95}), tree=NEWER)]
    (behind,) = judged(new, old, Rule("acc")).behind
    assert (behind.now, behind.runs) == (None, ("6-000006",))


def test_a_baseline_is_one_or_several() -> None:
    rule = {"where": "tag=baseline", "metric": "acc", "tolerance": "1%"}
    assert rules_of({"baseline": rule}) == (Rule("acc", "tag=baseline", "1%"),)
    assert rules_of({"baseline": [rule, {"metric": "loss"}]})[1] == Rule("loss")
    assert rules_of({}) == ()
