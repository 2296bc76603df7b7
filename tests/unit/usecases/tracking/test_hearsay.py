"""What a scheduler says of an end counts until the completion file is there, also when it spoke first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qanat.domain import frozen
from qanat.domain.job import JobStatus
from qanat.domain.run import Run, State
from qanat.records import hearsay, run_codec
from qanat.usecases.tracking import refresh
from qanat.usecases.tracking.hearsay import corrections
from tests.support.disks import disk_at
from tests.support.scheduler import START
from tests.support.world import World

CANCELLED, FAILED, FINISHED, LOST, RUNNING = (
    State.CANCELLED,
    State.FAILED,
    State.FINISHED,
    State.LOST,
    State.RUNNING,
)
TOMORROW = "2026-11-24T05:17:55+00:00"


def revoke(world: World, ended: str | None = TOMORROW) -> Run:
    """Have the scheduler say that the only job of run 1 was revoked, and look."""
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.says(JobStatus(CANCELLED, reason="REVOKED", ended=ended))
    return world.look()


def leave(world: World, status: int = 0, attempt: int = 1, group: int | None = None) -> None:
    """Leave the completion file of a group."""
    own = world.root / "results/train/run_1" / ("" if group is None else f"group_{group}")
    content = {"attempt": attempt, "status": status, "started": START, "ended": "2026-11-23T05:17:56.250+00:00"}
    (own / "completion.json").write_text(f"{json.dumps(content)}\n")


def noted(world: World) -> list[Path]:
    """List the notes of runs that ended by hearsay."""
    return sorted((world.project.location.private / hearsay.FOLDER).glob("*"))


def test_an_end_in_the_future_is_that_of_the_look(world: World) -> None:
    (group,) = revoke(world).groups
    assert (group.state, group.reason, group.source, group.ended) == (CANCELLED, "REVOKED", "scheduler", START)
    assert world.committed() == world.recorded()


@pytest.mark.parametrize(("status", "state"), [(0, FINISHED), (3, FAILED)])
def test_a_completion_file_corrects_a_record_that_had_ended_by_hearsay(world: World, status: int, state: State) -> None:
    before = revoke(world)
    assert world.look() == before
    leave(world, status)
    world.clock.move(5)
    now = world.look()
    (group,) = now.groups
    assert (group.state, group.exit_code, group.source) == (state, status, None)
    assert (group.started, group.ended) == (START, "2026-11-23T05:17:56.250+00:00")
    assert world.committed() == world.recorded() == now
    assert world.subjects()[0] == f"qanat: run 1 of train {state}"
    assert refresh.HEARSAY == hearsay.FOLDER
    assert frozen.violations([run_codec.to_mapping(before)], run_codec.to_mapping(now)) == []
    assert world.look() == now
    assert noted(world) == []


def test_a_correction_is_found_again_until_it_is_recorded(world: World) -> None:
    revoke(world)
    leave(world)
    first = corrections(world.project)
    assert [now.state for _, now in first.values()] == [FINISHED]
    assert corrections(world.project) == first


def test_a_read_only_disk_keeps_nobody_from_looking(world: World) -> None:
    revoke(world)
    world.clock.move(2 * hearsay.EACH_TIME_S)
    private, root = world.project.location.private, str(world.project.root)
    with disk_at(private) as disk, disk.read_only():
        (due,) = hearsay.due(private, root, world.clock.now())
        hearsay.forget(due)
        assert hearsay.due(private, root, world.clock.now()) == [due]


def test_a_lost_group_gets_the_end_that_appears_later(world: World) -> None:
    world.submit(2)
    for job in world.scheduler.of(0, 1):
        job.starts()
        job.vanishes()
    world.look()
    world.clock.move(120)
    assert [group.state for group in world.look().groups] == [LOST, LOST]
    leave(world, group=1)
    assert [group.state for group in world.look().groups] == [LOST, FINISHED]
    assert world.committed() == world.recorded()
    assert len(noted(world)) == 1


def test_the_file_of_an_earlier_attempt_corrects_nothing(world: World) -> None:
    revoke(world)
    before = world.recorded()
    leave(world, attempt=0)
    assert world.look() == before


def test_completion_files_are_looked_for_less_often_later_and_not_for_ever(world: World) -> None:
    revoke(world)
    world.clock.move(hearsay.EACH_TIME_S + 1)
    world.look()
    leave(world)
    assert world.look().state is CANCELLED
    world.clock.move(hearsay.EACH_TIME_S + 1)
    assert world.look().state is FINISHED


def test_after_a_week_nothing_is_expected_any_more(world: World) -> None:
    revoke(world)
    world.clock.move(hearsay.FORGOTTEN_S + 1)
    leave(world)
    assert world.look().state is CANCELLED
    assert noted(world) == []


def test_a_note_that_cannot_be_read_disturbs_nothing(world: World) -> None:
    revoke(world)
    (note,) = noted(world)
    for text in ("", "[]", '{"root": 1}', '{"root": "", "record": "", "noted": "soon", "checked": "never"}'):
        note.write_text(text)
        assert world.look().state is CANCELLED


def test_an_end_at_an_unknown_time_counts_since_it_was_first_seen(world: World) -> None:
    """As NODE_FAIL of Slurm, whose end is Unknown."""
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.status = JobStatus(FAILED, reason="NODE_FAIL", cause="NODE_FAIL")
    assert (world.look().state, world.look().groups[0].reason) == (RUNNING, "ending")
    world.clock.move(world.project.config.grace.file_s - 1)
    assert world.look().state is RUNNING
    world.clock.move(2)
    (group,) = world.look().groups
    assert (group.state, group.reason, group.ended, group.source) == (FAILED, "NODE_FAIL", START, "scheduler")


def test_an_end_to_come_does_not_keep_a_group_ending_until_then(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.status = JobStatus(FAILED, exit_code=3, reason="FAILED", ended=TOMORROW)
    assert world.look().state is RUNNING
    world.clock.move(61)
    (group,) = world.look().groups
    assert (group.state, group.exit_code, group.ended) == (FAILED, 3, START)


def test_a_job_that_is_requeued_after_all_is_ending_anew(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.status = JobStatus(FAILED, reason="NODE_FAIL")
    world.look()
    job.status = JobStatus(State.QUEUED)
    assert world.look().state is State.QUEUED
    world.clock.move(world.project.config.grace.file_s)
    job.status = JobStatus(FAILED, reason="NODE_FAIL")
    assert world.look().state is RUNNING
