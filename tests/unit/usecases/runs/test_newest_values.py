"""The newest values of curves in active runs."""

from __future__ import annotations

from qanat.records.series_end import Newest
from qanat.usecases.runs.newest_values import GROUPS_OF_EACH, NewestValues, newest_values
from tests.support.world import World


def found(world: World) -> list[NewestValues]:
    """List the newest values of run 1."""
    return [*newest_values(world.project, [world.look()])]


def test_groups_that_run_have_the_newest_values_of_all_their_files(world: World) -> None:
    world.submit(GROUPS_OF_EACH + 2)
    jobs = [job for number in range(GROUPS_OF_EACH + 2) for job in world.scheduler.of(number)]
    for job in jobs[1:]:
        job.starts()
        job.spec.storage.mkdir(parents=True, exist_ok=True)
        (job.spec.storage / "metrics.jsonl").write_text('{"step": 4, "loss": 2}\n')
    assert [one.group for one in found(world)] == [1, 2, 3]
    (jobs[1].spec.storage / "metrics.csv").write_text("step,loss,val\n5,9,7\n")
    assert found(world)[0] == NewestValues(1, 1, Newest(5, {"loss": 2, "val": 7}))
    jobs[1].ends()
    assert [one.group for one in found(world)] == [2, 3, 4]


def test_a_run_of_one_group_without_curves_has_no_newest_values(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    assert found(world) == []
    job.spec.storage.mkdir(parents=True, exist_ok=True)
    (job.spec.storage / "metrics.jsonl").write_text('{"loss": 2}\n')
    assert found(world) == [NewestValues(1, None, Newest(None, {"loss": 2}))]
