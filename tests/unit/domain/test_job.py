"""Jobs: updating a group with what is known about its job."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.job import JobHandle, JobStarted, JobStatus, apply_start, apply_status, command
from qanat.domain.run import Group, State

START, END = "2026-11-23T05:17:55+00:00", "2026-11-23T05:18:00+00:00"
RUNNING = Group(2, ("--n", "1"), State.RUNNING, job="17", started=START, host="node1")


def test_an_unseen_job_changes_nothing() -> None:
    assert apply_status(RUNNING, JobStatus(None, reason="not listed")) is RUNNING


def test_an_end_is_taken_over_and_the_start_stays() -> None:
    group = apply_status(RUNNING, JobStatus(State.FAILED, exit_code=3, reason="exit code 3", ended=END))
    assert group == Group(
        2,
        ("--n", "1"),
        State.FAILED,
        job="17",
        exit_code=3,
        reason="exit code 3",
        started=START,
        ended=END,
        host="node1",
    )


def test_what_a_status_knows_better_replaces_start_and_host() -> None:
    later = "2026-11-23T05:17:58+00:00"
    group = apply_status(RUNNING, JobStatus(State.FINISHED, exit_code=0, started=later, ended=END, host="node7"))
    assert (group.started, group.host, group.exit_code) == (later, "node7", 0)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.HELD])
def test_a_job_that_goes_on_has_no_end(state: State) -> None:
    group = apply_status(RUNNING, JobStatus(state, reason="waits for a node", ended=END))
    assert (group.state, group.ended, group.reason) == (state, None, "waits for a node")


def test_a_second_try_leaves_nothing_of_the_first_end() -> None:
    failed = apply_status(RUNNING, JobStatus(State.FAILED, signal=9, reason="ended by SIGKILL", ended=END))
    again = apply_status(failed, JobStatus(State.RUNNING, started=END))
    assert (again.signal, again.reason, again.ended, again.started) == (None, "", None, END)


def test_a_group_that_has_begun_has_its_job_and_moment() -> None:
    handle = JobHandle("9c41", 2, "4711", {"process_start": "x"})
    group = apply_start(Group(2, ("--n", "1")), JobStarted(handle, START))
    assert (group.state, group.job, group.started) == (State.RUNNING, "4711", START)


def test_handles_are_equal_and_found_by_what_they_name() -> None:
    first, second = (JobHandle("9c41", 2, "4711", {"process_start": "x"}) for _ in range(2))
    assert {first: 1}[second] == 1
    assert JobHandle("9c41", 3, "4711") != first


def test_a_command_ends_with_the_storage_path_and_one_path_for_each_dataset() -> None:
    found = command(["python", "-u", "a.py"], ["--n", "1"], Path("/r/run 1"), ["/d/a", "/d/b"])
    expected = "python -u a.py --n 1 --storage_path", "/r/run 1", "--dataset_path /d/a --dataset_path /d/b"
    assert found == (*expected[0].split(), expected[1], *expected[2].split())
