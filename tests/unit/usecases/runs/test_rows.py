"""The runs that meet a condition, as they are now."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.condition import EVERY, parse
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.usecases import complete_names
from qanat.usecases.definitions import rename
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import listing
from qanat.usecases.runs.rows import matching_runs
from tests.support.world import World
from tests.unit.records.example import RUN
from tests.unit.usecases.runs.test_listing import recorded, writer_before_each_statement


def matching(world: World, condition: str = "", **options: Any) -> list[Run]:
    """Refresh, and return the runs that meet a condition."""
    with refreshed(world.project, world) as (index, result):
        return matching_runs(world.project, index, result, parse(condition), **options)


def test_whole_runs_are_found_as_they_are_now_the_newest_first(world: World) -> None:
    first = recorded(world, 1, created="2020-01-01T00:00:00+00:00")
    run = world.submit()
    next(world.scheduler.of(0)).starts()
    assert [(found.id, found.state) for found in matching(world)] == [
        (run.id, State.RUNNING),
        (first.id, State.FAILED),
    ]
    assert [found.id for found in matching(world, "state=running")] == [run.id]
    assert matching(world, "date<2021") == [first]
    assert matching(world, experiment="none") == matching(world, "no_name<3", experiment="none") == []


def test_a_metric_that_json_does_not_have_comes_whole_and_can_be_searched_for(world: World) -> None:
    run = recorded(world, 1, groups=(replace(RUN.groups[0], metrics={"acc": math.inf}),))
    assert matching(world) == matching(world, "metric.acc=inf") == [run]


def test_runs_are_found_by_what_their_curves_came_to(world: World) -> None:
    curve = CurveSummary(last=Point(2, 9), min=Point(0.5, 3), max=Point(math.inf, 1), count=9)
    run = recorded(world, 1, groups=(replace(RUN.groups[0], curves={"loss": curve}),))
    recorded(world, 2)
    assert matching(world, "metric.loss.max=inf and loss.min<1") == matching(world, "metric.loss.count") == [run]
    assert ("metric.loss.min", "metric") in complete_names.names_in_conditions(world.root)


def test_a_name_that_no_run_has_is_refused(world: World) -> None:
    recorded(world, 1)
    with pytest.raises(UsageError, match="no run has the parameter or metric 'accuracy'"):
        matching(world, "accuracy>0.85")


def test_a_run_is_found_by_the_current_name_of_its_experiment(world: World) -> None:
    recorded(world, 1)
    rename.rename(world.project, "train", "trained")
    assert [run.number for run in matching(world, "experiment=trained")] == [1]
    assert matching(world, "experiment=train") == []


def test_runs_are_found_beside_somebody_who_writes(world: World) -> None:
    for number in (1, 2, 3):
        recorded(world, number)
    with refreshed(world.project, world) as (index, result), writer_before_each_statement(world, index) as count:
        found = matching_runs(world.project, index, result, parse("run<=3"))
        lines, total = listing.find_runs(world.project, index, result, parse("run<=3"), experiment=None, newest=2)
        assert count() > 1
        assert [run.number for run in matching_runs(world.project, index, result, EVERY)][-3:] == [3, 2, 1]
    assert (sorted(run.number for run in found), len(lines), total) == ([1, 2, 3], 2, 3)
