"""What tables of runs show: runs as they are now, even while another process writes records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.run import Group, Run, State
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.usecases.definitions import rename
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import listing
from qanat.usecases.runs.listing import ProjectSummary, RunLine
from qanat.usecases.tracking import record
from qanat.usecases.tracking.refresh import Refreshed
from tests.support.world import World
from tests.unit.records.example import RUN


def recorded(world: World, number: int, **changes: Any) -> Run:
    """Write the record of a run that has ended."""
    usual = {"number": number, "experiment": "train", "storage": f"results/train/run_{number}"}
    run: Run = replace(RUN, **(usual | changes))
    record.create_record(world.project, run)
    return run


def lines(world: World, **options: Any) -> list[RunLine]:
    """Refresh, and list runs."""
    with refreshed(world.project, world) as (index, result):
        return listing.run_lines(index, result, world.root, **options)


def summary(world: World) -> ProjectSummary:
    """Refresh, and summarise the project."""
    with refreshed(world.project, world) as (index, result):
        return listing.summarise(world.project, index, result)


def states(found: list[RunLine]) -> dict[int, str]:
    """Return the states of runs by their numbers, in the order in which they are listed."""
    return {line.summary.number: line.summary.state for line in found}


# ---- runs as they are now


def test_runs_are_listed_newest_first_and_as_their_scheduler_has_them(world: World) -> None:
    for number in (1, 2):
        recorded(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
    run = world.submit(groups=2)
    next(world.scheduler.of(0)).starts()
    assert states(lines(world)) == {run.number: "running", 2: "failed", 1: "failed"}
    assert states(lines(world, newest=2)) == {run.number: "running", 2: "failed"}
    assert states(lines(world, live=True)) == {run.number: "running"}
    assert states(lines(world, experiment="none")) == {}
    # What was written at the submission stays until the end.
    assert world.recorded(run.number).state is State.QUEUED


def test_a_line_says_whether_its_run_is_active_and_has_every_column_in_json(world: World) -> None:
    recorded(world, 1, created="2020-01-01T00:00:00+00:00")
    world.submit()
    active, ended = lines(world)
    assert (active.is_active, ended.is_active) == (True, False)
    assert ended.as_mapping() == ended.summary.as_mapping() | {"progress": None}


@pytest.mark.parametrize(
    ("state", "progress"),
    [(State.FINISHED, 1.0), (State.FAILED, None), (State.CANCELLED, None), (State.LOST, None)],
)
def test_a_run_that_has_ended_is_all_done_only_when_it_finished(
    world: World, state: State, progress: float | None
) -> None:
    recorded(world, 1, groups=(replace(RUN.groups[0], state=state),))
    world.write("results/train/run_1/progress.txt", "count_total=10\n4\n")
    assert [line.progress for line in lines(world)] == [progress]


def test_progress_of_an_active_run_is_what_its_programs_write_or_the_groups_that_finished(
    world: World,
) -> None:
    run = world.submit(groups=4)
    for job in world.scheduler.of(0, 1):
        job.starts()
    next(world.scheduler.of(0)).ends()
    (line,) = lines(world)
    assert (line.progress, line.summary.groups_finished, line.summary.groups) == (0.25, 1, 4)
    world.write(f"{run.storage}/group_1/progress.txt", "count_total=10\n4\n")
    assert [line.progress for line in lines(world)] == [pytest.approx(0.35)]
    next(world.scheduler.of(1)).ends(1)
    (line,) = lines(world)
    assert (line.progress, line.summary.groups_failed) == (0.25, 1)


def test_progress_of_an_active_run_of_one_group_is_not_known_unless_its_program_says_it(world: World) -> None:
    world.submit()
    assert [line.progress for line in lines(world)] == [None]


def test_records_of_active_runs_are_those_of_now(world: World) -> None:
    recorded(world, 1, created="2020-01-01T00:00:00+00:00")
    run = world.submit()
    next(world.scheduler.of(0)).starts()
    with refreshed(world.project, world) as (index, result):
        texts = list(listing.run_records(index, result))
        newest = list(listing.run_records(index, result, experiment="train", newest=1))
    assert [(r["id"], r["state"]) for r in map(json.loads, texts)] == [(run.id, "running"), ("1-7f3a9c", "failed")]
    assert [json.loads(text)["id"] for text in newest] == [run.id]


# ---- the project


def test_a_project_is_summed_up(world: World) -> None:
    recorded(world, 1)
    recorded(world, 2, experiment="gone")
    recorded(world, 3, groups=(replace(RUN.groups[0], state=State.FINISHED),))
    run = world.submit()
    next(world.scheduler.of(0)).starts()
    world.write(".qanat/runs/train/0/9-7f3a9c.yaml", "no record")
    world.write("results/train/run_1/out.txt", "12345")
    world.write(f"{run.storage}/out.txt", "123")
    found = summary(world)
    assert (found.experiments, found.datasets, found.templates) == (1, 0, 2)
    assert found.counts == {"train": {"failed": 1, "finished": 1, "running": 1}, "gone": {"failed": 1}}
    assert found.unreadable == [".qanat/runs/train/0/9-7f3a9c.yaml: the file: is not a mapping"]
    assert found.result_bytes >= 8


def test_an_experiment_that_is_renamed_while_a_run_is_active_counts_it_under_its_new_name(world: World) -> None:
    recorded(world, 1)
    world.submit()
    rename.rename(world.project, "train", "learn")
    next(world.scheduler.of(0)).starts()
    assert summary(world).counts == {"learn": {"failed": 1, "running": 1}}
    assert states(lines(world, experiment="learn")) == {1: "failed", 2: "running"}


def test_results_of_an_ended_run_are_measured_once_and_those_of_an_active_one_again(world: World) -> None:
    recorded(world, 1)
    ended = world.write("results/train/run_1/out.txt", "12345")
    run = world.submit()
    before = summary(world).result_bytes
    ended.write_text("1234567890")
    world.write(f"{run.storage}/out.txt", "123")
    assert summary(world).result_bytes == before + 3


def test_a_folder_that_two_runs_name_counts_once_and_a_strangers_not_at_all(world: World) -> None:
    outside = world.write("../outside/large.txt", "x" * 1000).parent
    recorded(world, 1)
    recorded(world, 1, uid="b81e02")
    recorded(world, 2, storage=str(outside.resolve()))
    world.write("results/train/run_1/out.txt", "12345")
    assert summary(world).result_bytes == 5


# ---- beside somebody who writes


@contextmanager
def writer_before_each_statement(world: World, index: Index) -> Iterator[Callable[[], int]]:
    """Let another process record one more run just before each statement; return the number of these runs."""
    count = 0

    def write(_: str) -> None:
        nonlocal count
        count += 1
        recorded(world, 100 + count, created=f"2030-01-01T00:00:{count:02}+00:00")
        with world.project.index() as other:
            other.sync()

    index._database.set_trace_callback(write)
    try:
        yield lambda: count
    finally:
        index._database.set_trace_callback(None)


@pytest.fixture
def listed(world: World) -> World:
    """Return a world with three runs."""
    for number in (1, 2, 3):
        recorded(world, number)
    return world


def test_a_project_is_summed_up_beside_a_writer(listed: World) -> None:
    with refreshed(listed.project, listed) as (index, result), writer_before_each_statement(listed, index) as count:
        counts = listing.count_runs(index, result)
        assert count() == 1
        assert listing.summarise(listed.project, index, result).counts["train"]["failed"] >= 4
    assert counts["train"]["failed"] in (3, 4)


def test_a_count_does_not_depend_on_what_is_remembered_of_an_experiment(listed: World) -> None:
    active = recorded(listed, 7, experiment="new", groups=(Group(0, (), State.QUEUED),))
    now = Refreshed(live={run_codec.path_of(active): replace(active, groups=(Group(0, (), State.RUNNING),))})
    with listed.project.index() as index:
        index.sync()
        assert listing.count_runs(index, now) == {"train": {"failed": 3}, "new": {"running": 1}}


def test_of_many_records_that_cannot_be_read_the_first_are_named_and_the_others_counted() -> None:
    many = [f"{number} cannot be read" for number in range(22)]
    assert listing.shortened(many[:20]) == many[:20]
    assert listing.shortened(many[:21]) == [*many[:20], "1 more record cannot be read"]
    assert listing.shortened(many) == [*many[:20], "2 more records cannot be read"]
