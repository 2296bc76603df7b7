"""Following runs for an open page: no work without news, and what goes wrong is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.domain.condition import parse
from qanat.errors import NotFound
from qanat.records import run_codec
from qanat.usecases.report.content import ReportRequest
from qanat.usecases.report.follow import ACTIVE_S, IDLE_S, SHARE, Follower
from tests.support.world import World
from tests.unit.records.example import RUN
from tests.unit.usecases.runs.test_listing import recorded


def test_the_content_is_the_same_object_until_something_changes(world: World) -> None:
    recorded(world, 1)
    follower = Follower(world.project, world, ReportRequest(), clock=iter(range(0, 100)).__next__)
    first = follower.look()
    assert follower.look() is first
    assert follower.pause_s == max(IDLE_S, 1 / SHARE)
    recorded(world, 2)
    assert [run["number"] for run in follower.look()["runs"]] in ([1, 2], [2, 1])


def test_active_runs_are_looked_at_again_and_their_ends_are_seen(world: World) -> None:
    follower = Follower(world.project, world, ReportRequest(), clock=lambda: 0.0)
    world.submit()
    job = next(world.scheduler.of(0))
    job.starts()
    assert follower.look()["runs"][0]["state"] == "running"
    assert follower.pause_s == ACTIVE_S
    job.ends()
    assert follower.look()["runs"][0]["state"] == "finished"


def test_a_page_keeps_what_it_has_and_says_what_goes_wrong(world: World) -> None:
    first = recorded(world, 1)
    follower = Follower(world.project, world, ReportRequest(condition=parse("metric.acc>0")))
    assert len(follower.look_or_say()["runs"]) == 1
    recorded(world, 2, groups=(replace(RUN.groups[1], number=0),))
    (world.root / run_codec.path_of(first)).unlink()
    found = follower.look_or_say()
    assert "no run has the metric 'acc'" in found["notes"][0]
    assert [run["number"] for run in found["runs"]] == [1]
    world.root.rename(world.root.with_name("elsewhere"))
    assert follower.look_or_say()["notes"][0] == f"{world.root} is no longer a project"
    assert not world.root.exists()
    world.root.with_name("elsewhere").rename(world.root)
    with pytest.raises(NotFound):
        Follower(world.project, world, ReportRequest(experiment="none")).look()
