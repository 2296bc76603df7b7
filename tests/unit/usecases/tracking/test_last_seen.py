"""How a run is shown while its scheduler does not answer: as last seen, with the time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.records import run_codec
from qanat.usecases.launch.looking import refreshed
from tests.support.world import World


def test_a_scheduler_that_is_down_leaves_what_was_last_seen_with_when_that_was(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts("node3")
    world.clock.move(5)
    seen = world.look()
    world.clock.move(3600)
    world.scheduler.down = "no route to host"
    job.ends(0, file_after_s=60)
    assert world.look() == seen
    assert (seen.state, seen.groups[0].host) == (State.RUNNING, "node3")
    (note,) = world.notes
    assert note == ("the world's scheduler did not answer (no route to host); run 1 shown as of 2026-11-23 05:18:00")


def test_what_was_last_seen_stays_for_as_long_as_the_scheduler_is_down(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    seen = world.look()
    world.scheduler.down = "no route to host"
    for _ in range(3):
        world.clock.move(3600)
        assert world.look() == seen
        assert world.notes[0].endswith("run 1 shown as of 2026-11-23 05:17:55")


def test_a_run_that_was_never_seen_is_shown_as_it_was_submitted(world: World) -> None:
    run = world.submit()
    world.scheduler.down = "no route to host"
    assert world.look() == run
    assert world.notes[0].endswith("; run 1 shown as submitted")


def test_one_note_names_all_runs_and_the_earliest_look(world: World) -> None:
    world.submit()
    world.look()
    world.clock.move(60)
    world.submit()
    world.look(2)
    world.submit()
    world.scheduler.down = "no route to host"
    world.look(3)
    (note,) = world.notes
    assert note.endswith("; runs 1, 2, 3 shown as of 2026-11-23 05:18:55")


def test_two_runs_are_named_as_two(world: World) -> None:
    world.submit()
    world.submit()
    world.scheduler.down = "no route to host"
    world.look(2)
    assert [note.partition("; ")[2] for note in world.notes] == ["runs 1, 2 shown as submitted"]


def test_a_command_on_some_runs_says_nothing_of_the_others(world: World) -> None:
    world.submit()
    second = world.submit()
    world.scheduler.down = "no route to host"
    with refreshed(world.project, world) as (_, result):
        assert [note.partition("; ")[2] for note in result.notes_on(second.id)] == ["run 2 shown as submitted"]
        assert result.notes_on() == result.notes_on("3-7f3a9c") == []
        assert [note.partition("; ")[2] for note in result.notes] == ["runs 1, 2 shown as submitted"]


def test_of_what_a_scheduler_says_about_itself_only_the_start_is_shown(world: World) -> None:
    world.submit()
    world.scheduler.down = "no route to host, " * 20
    world.look()
    (note,) = world.notes
    assert note.startswith("the world's scheduler did not answer (no route to host, no route")
    assert note.endswith("…); run 1 shown as submitted")
    assert len(note) < 180


def test_a_run_that_has_ended_is_not_named_though_its_scheduler_is_down(world: World) -> None:
    world.submit()
    world.submit()
    for job in world.scheduler.jobs[:1]:
        job.ends(0)
    world.scheduler.down = "no route to host"
    assert world.look(1).state is State.FINISHED
    assert [note.partition("; ")[2] for note in world.notes] == ["run 2 shown as submitted"]


def test_time_goes_on_for_an_unknown_job_once_its_scheduler_answers_again(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.vanishes()
    world.look()
    world.clock.move(30)
    world.scheduler.down = "no route to host"
    assert world.look().state is State.QUEUED
    world.clock.move(30)
    world.scheduler.down = ""
    assert world.look().state is State.LOST


def test_a_scheduler_that_is_down_says_nothing_against_a_job(world: World) -> None:
    world.submit()
    world.look()
    world.scheduler.down = "no route to host"
    for _ in range(3):
        world.clock.move(600)
        assert world.look().state is State.QUEUED


def test_a_job_that_is_unknown_is_shown_as_it_was_last_seen(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts("node3")
    world.look()
    job.vanishes()
    (group,) = world.look().groups
    assert (group.state, group.host) == (State.RUNNING, "node3")
    world.clock.move(60)
    (group,) = world.look().groups
    assert (group.state, group.host, group.started) == (State.LOST, "node3", "2026-11-23T05:17:55+00:00")


def test_a_runner_that_cannot_be_loaded_leaves_what_was_last_seen(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    seen = world.look()
    world.unloadable = "runner world cannot be loaded"
    for _ in range(2):
        world.clock.move(60)
        assert world.look() == seen
        assert world.notes == ["runner world cannot be loaded; run 1 shown as of 2026-11-23 05:17:55"]


def test_a_runner_that_is_not_known_here_leaves_its_run_as_submitted(world: World) -> None:
    run = world.submit()
    world.scheduler.name = "another"
    assert world.look() == run
    assert world.notes == ["runner 'world' does not exist; run 1 shown as submitted"]


def test_what_was_seen_before_a_retry_says_nothing_of_it(world: World) -> None:
    run = world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    world.look()
    anew = replace(run, submission=replace(run.submission, intent="0123456789abcdef"))
    (world.root / run_codec.path_of(run)).write_bytes(run_codec.encode(anew))
    world.scheduler.down = "no route to host"
    assert world.look() == anew


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{}",
        "[]",
        '{"moment": "2026-11-23T05:17:55+00:00", "unseen": {}, "run": {}}',
        '{"moment": "2026-11-23T05:17:55+00:00", "unseen": {"x": ""}, "run": "RUN"}',
        '{"moment": "2026-11-23T05:17:55+00:00", "unseen": [], "run": "RUN"}',
    ],
)
def test_a_cache_with_anything_else_in_it_is_passed_over(world: World, kept: str) -> None:
    run = world.submit()
    path = run_codec.path_of(run)
    text = kept.replace('"RUN"', json.dumps(run_codec.to_mapping(run)))
    with world.project.index() as index:
        index.remember_seen({path: text}, world.clock.now())
    world.scheduler.down = "no route to host"
    assert world.look() == run
    assert world.notes[0].endswith("run 1 shown as submitted")


def test_an_index_that_is_deleted_costs_only_what_was_last_seen(world: World) -> None:
    run = world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    world.look()
    for file in (world.root / ".git/qanat").glob("index*"):
        file.unlink()
    world.scheduler.down = "no route to host"
    assert world.look() == run
    world.scheduler.down = ""
    assert world.look().state is State.RUNNING


def test_what_was_last_seen_of_a_run_is_forgotten_at_its_end(world: World) -> None:
    run = world.submit()
    path = run_codec.path_of(run)
    world.look()
    with world.project.index() as index:
        seen = index.last_seen(path)
        assert seen is not None
        assert seen[0] == "2026-11-23T05:17:55+00:00"
    for job in world.scheduler.of(0):
        job.ends(0)
    world.look()
    with world.project.index() as index:
        assert index.last_seen(path) is None


def test_an_end_that_was_last_seen_is_not_remembered_as_going_on(world: World) -> None:
    world.submit(2)
    first, second = world.scheduler.of(0, 1)
    first.ends(0)
    second.says(JobStatus(State.RUNNING))
    world.look()
    world.scheduler.down = "no route to host"
    assert [group.state for group in world.look().groups] == [State.FINISHED, State.RUNNING]
