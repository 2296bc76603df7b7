"""The points of a plot of a comparison: a series for each setting, and what is not drawn."""

from __future__ import annotations

import math

import pytest

from qanat.domain.comparison import Comparison, Grouping, compare
from qanat.domain.facts import facts_of
from qanat.domain.run import Run
from qanat.errors import UsageError
from qanat.usecases.runs.plotted_rows import plotted_rows
from tests.unit.domain.test_comparison import a_run


def found(*runs: Run) -> Comparison:
    return compare(map(facts_of, runs), better={})


def test_each_setting_of_the_other_parameters_is_a_series_sorted_by_what_the_plot_is_over() -> None:
    groups = [(f"--lr {lr} --m {m}", {"loss": float(lr) + m}) for lr in ("0.3", "0.1") for m in (0, 5)]
    drawn = plotted_rows(found(a_run(1, *groups)), "lr", "loss")
    assert [(one.label, one.xs, one.ys) for one in drawn.series] == [
        ("m=0", [0.1, 0.3], [0.1, 0.3]),
        ("m=5", [0.1, 0.3], [5.1, 5.3]),
    ]
    assert (drawn.without_x, drawn.not_finite) == ((), 0)


def test_means_over_seeds_are_points_of_one_series_with_deviations() -> None:
    run = a_run(1, *((f"--lr {lr} --seed {s}", {"loss": lr + s}) for lr in (1, 2) for s in (0.0, 2.0)))
    (one,) = plotted_rows(found(run), "lr", "loss").series
    assert (one.xs, one.ys, one.deviations) == ([1, 2], [2, 3], pytest.approx([math.sqrt(2)] * 2))
    assert one.counts == [2, 2]


def test_runs_with_the_same_other_parameters_are_one_series_and_experiments_are_not() -> None:
    one, two = a_run(1, ("--lr 1", {"loss": 1.0})), a_run(2, ("--lr 2", {"loss": 2.0}))
    assert [points.xs for points in plotted_rows(found(one, two), "lr", "loss").series] == [[1, 2]]
    other = a_run(3, ("--lr 1", {"loss": 1.0}), experiment="other")
    assert [points.label for points in plotted_rows(found(one, other), "lr", "loss").series] == ["iris", "other"]


def test_points_of_several_runs_at_one_place_are_not_joined() -> None:
    one = a_run(1, *((f"--lr {lr} --m {m}", {"loss": lr}) for lr in (1.0, 2.0) for m in (0, 5)))
    two = a_run(2, *((f"--lr {lr} --m 0", {"loss": lr + 1}) for lr in (1.0, 3.0)))
    drawn = plotted_rows(found(one, two), "lr", "loss")
    assert [(points.label, points.xs, points.ys) for points in drawn.series] == [
        ("m=0 run 1", [1, 2], [1, 2]),
        ("m=0 run 2", [1, 3], [2, 4]),
        ("m=5", [1, 2], [1, 2]),
    ]
    assert drawn.split
    pooled = compare(map(facts_of, (one, two)), better={}, grouping=Grouping(pool=True))
    drawn = plotted_rows(pooled, "lr", "loss")
    assert [(points.label, points.xs) for points in drawn.series] == [("m=0", [1, 2, 3]), ("m=5", [1, 2])]
    assert not drawn.split


def test_a_name_of_a_parameter_and_a_metric_is_that_of_the_parameter_unless_it_begins_with_metric() -> None:
    run = a_run(1, *((f"--m {m}", {"m": 7.0 + m, "acc": float(m)}) for m in (1, 2)))
    by_name = {name: plotted_rows(found(run), name, "acc") for name in ("m", "--m", "metric.m")}
    assert [one.series[0].xs for one in by_name.values()] == [[1, 2], [1, 2], [8, 9]]
    assert [one.joined for one in by_name.values()] == [True, True, False]
    assert plotted_rows(found(run), "m", "metric.acc").series[0].ys == [1, 2]


def test_over_a_metric_all_rows_are_one_series() -> None:
    run = a_run(1, *((f"--lr {lr} --m {m}", {"loss": lr, "acc": -lr}) for lr in (1.0, 2.0) for m in (0, 5)))
    drawn = plotted_rows(found(run), "acc", "loss")
    (one,) = drawn.series
    assert (drawn.joined, plotted_rows(found(run), "lr", "loss").joined) == (False, True)
    assert (one.xs, one.ys) == ([-2, -2, -1, -1], [2, 2, 1, 1])


def test_rows_without_a_number_are_named_or_counted() -> None:
    runs = [
        a_run(1, ("", {"loss": 1.0})),
        a_run(2, ("--lr 1", {"loss": 1.0}), ("--lr auto", {"loss": 1.0}), ("--lr 2", {"loss": math.nan})),
        a_run(3, ("--lr 3", {"acc": 1.0})),
    ]
    drawn = plotted_rows(found(*runs), "lr", "loss")
    assert [row.runs for row in drawn.without_x] == [(runs[0].id,), (runs[1].id,)]
    assert (drawn.not_finite, [one.xs for one in drawn.series]) == (1, [[1]])
    with pytest.raises(UsageError, match="no row has both 'm' and 'loss' as numbers") as caught:
        plotted_rows(found(*runs), "m", "loss")
    assert caught.value.hint == "available: lr, loss, acc"


def test_what_is_nowhere_finite_is_not_offered_and_said_to_be_so() -> None:
    rows = found(
        a_run(1, *((f"--lr {lr} --m {m}", {"loss": math.inf, "acc": 1.0}) for lr, m in ((1, "inf"), (2, "nan"))))
    )
    for x, problem in (
        ("lr", "no row with 'lr' has a finite 'loss'"),
        ("m", "no row has both 'm' and 'loss' as numbers"),
    ):
        with pytest.raises(UsageError, match=problem) as caught:
            plotted_rows(rows, x, "loss")
        assert caught.value.hint == "available: lr, acc"


def test_a_metric_called_like_a_parameter_is_offered_as_one_names_it() -> None:
    rows = found(a_run(1, *((f"--lr {lr} --m {lr}a --seed 1", {"lr": 1.0, "seed": 7.0}) for lr in (1, 2))))
    with pytest.raises(UsageError) as caught:
        plotted_rows(rows, "m", "seed")
    assert caught.value.hint == "available: lr, metric.lr, metric.seed"


def test_names_that_cannot_be_drawn_are_not_offered_and_similar_ones_are() -> None:
    rows = found(a_run(1, *((f"--lr {lr} --model {m}", {"acc": 1.0}) for lr in (1, 2) for m in ("deep", "flat"))))
    for x, y, hint in (("model", "acc", "available: lr, acc"), ("lr", "acuracy", "did you mean acc?")):
        with pytest.raises(UsageError) as caught:
            plotted_rows(rows, x, y)
        assert caught.value.hint == hint
