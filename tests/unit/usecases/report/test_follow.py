"""Following runs for an open page: no work without news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from qanat.domain.condition import parse
from qanat.errors import NotFound, UsageError
from qanat.records import run_codec
from qanat.usecases.report.content import ReportRequest
from qanat.usecases.report.follow import ACTIVE_S, IDLE_MOST_S, IDLE_S, SHARE, Follower
from qanat.usecases.report.watch import FILES_S
from tests.support.repository import Repository
from tests.support.world import World
from tests.unit.records.example import RUN
from tests.unit.usecases.runs.test_listing import recorded


class Clock:
    """A clock that only the test moves, except that each look at it takes some time."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def following(world: World, clock: Callable[[], float], request: ReportRequest | None = None) -> Follower:
    """Return a follower that has seen what there is, and what its own look has changed."""
    follower = Follower(world.project, world, request or ReportRequest(), clock=clock)
    follower.look()
    while follower.news() and not follower.is_active:
        pass
    return follower


def numbers(follower: Follower) -> list[int] | None:
    """Return the numbers of the runs if there is news."""
    content = follower.news()
    return content and sorted(run["number"] for run in content["runs"])


def test_without_changes_there_is_no_news_and_looks_become_rarer(world: World) -> None:
    recorded(world, 1)
    follower = following(world, Clock())
    assert [follower.news() for _ in range(20)] == [None] * 20
    assert follower.pause_s == IDLE_MOST_S
    recorded(world, 2)
    assert numbers(follower) == [1, 2]
    assert follower.pause_s == IDLE_S
    slow = Follower(world.project, world, ReportRequest(), clock=Clock(step=1))
    slow.look()
    assert slow.pause_s >= 1 / SHARE


def test_whatever_a_page_depends_on_is_news(world: World) -> None:
    run = recorded(world, 1)
    follower = following(world, Clock())
    Repository(world.root).commit("other code", **{"train.sh": "echo\n"})
    assert numbers(follower) == [1]
    (world.root / ".qanat/experiments/train.yaml").write_text("schema: experiment/1\nname: train\n")
    assert numbers(follower) == [1]
    (world.root / run_codec.path_of(run)).with_suffix(".md").write_text("well done")
    assert numbers(follower) == [1]
    (world.root / run_codec.path_of(run)).unlink()
    assert numbers(follower) == []
    assert follower.news() is None


def test_a_record_that_is_written_in_place_is_seen_after_a_while(world: World) -> None:
    clock = Clock()
    path = world.root / run_codec.path_of(recorded(world, 1))
    follower = following(world, clock)
    path.write_text("broken")
    assert follower.news() is None
    clock.now += FILES_S
    content = follower.news() or {}
    assert content["runs"] == []
    assert "1-" in content["notes"][0]
    assert follower.news() is None


def test_active_runs_are_looked_at_again_and_their_ends_are_seen(world: World) -> None:
    world.submit()
    job = next(world.scheduler.of(0))
    job.starts()
    follower = following(world, Clock())
    assert follower.pause_s == ACTIVE_S
    job.ends()
    assert (follower.news() or {})["runs"][0]["state"] == "finished"
    assert follower.pause_s == IDLE_S


def test_what_goes_wrong_is_an_error_as_long_as_it_does(world: World) -> None:
    first = recorded(world, 1)
    follower = following(world, Clock(), ReportRequest(condition=parse("metric.acc>0")))
    recorded(world, 2, groups=(replace(RUN.groups[1], number=0),))
    (world.root / run_codec.path_of(first)).unlink()
    for _ in range(2):
        with pytest.raises(UsageError, match="no run has the metric 'acc'"):
            follower.news()
    recorded(world, 3)
    assert numbers(follower) == [3]
    world.root.rename(world.root.with_name("elsewhere"))
    for _ in range(2):
        with pytest.raises(NotFound, match="is no longer a project"):
            follower.news()
    assert not world.root.exists()
    world.root.with_name("elsewhere").rename(world.root)
    (world.root / ".git").rename(world.root / "away")
    with pytest.raises(NotFound, match="is no longer a project"):
        follower.look()
    with follower.project.index():
        pass
    assert not (world.root / ".git").exists()
    (world.root / "away").rename(world.root / ".git")
    assert numbers(follower) == [3]
    with pytest.raises(NotFound):
        Follower(world.project, world, ReportRequest(experiment="none")).look()


def test_a_view_that_is_saved_or_changed_is_news(world: World) -> None:
    follower = following(world, Clock())
    (world.root / ".qanat/views").mkdir()
    place = world.root / ".qanat/views/rates.yaml"
    place.write_text("schema: view/1\nname: rates\ntab: curves\n")
    assert [view["address"] for view in (follower.news() or {})["views"]] == ["#tab=curves"]
    place.write_text("schema: view/1\nname: rates\ntab: scatter\n")
    assert [view["address"] for view in (follower.news() or {})["views"]] == ["#tab=scatter"]
