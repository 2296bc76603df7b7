"""Notes of which jobs qanat has cancelled, and how they change a scheduler's answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.domain import times
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.runners.submitting import cancellations


def handles(folder: Path, intent: str = "c0ffee") -> list[JobHandle]:
    return [JobHandle(intent, group, f"7.{group}", {"folder": str(folder)}) for group in range(3)]


def test_what_was_noted_is_cancelled_whatever_the_scheduler_makes_of_it(tmp_path: Path) -> None:
    first, second, third = handles(tmp_path)
    before = times.now()
    cancellations.note([first, second])
    seen = {first: JobStatus(State.QUEUED), second: JobStatus(State.RUNNING), third: JobStatus(State.QUEUED)}
    ((handle, status),) = cancellations.weigh(seen, State.QUEUED).items()
    assert (handle, status.state, status.reason) == (first, State.CANCELLED, "cancelled by qanat")
    assert status.ended is not None
    assert before <= status.ended <= times.now()


def test_a_later_submission_of_the_same_group_is_another_job(tmp_path: Path) -> None:
    cancellations.note(handles(tmp_path))
    again = handles(tmp_path, "decade")
    assert cancellations.weigh(dict.fromkeys(again, JobStatus(None)), None) == {}


def test_the_moment_and_the_exit_code_are_those_of_the_end_that_was_seen(tmp_path: Path) -> None:
    first, *_ = handles(tmp_path)
    cancellations.note([first])
    ended = "2026-01-05T08:01:00+00:00"
    (status,) = cancellations.weigh(
        {first: JobStatus(State.FINISHED, exit_code=0, ended=ended)}, State.FINISHED
    ).values()
    assert (status.state, status.exit_code, status.ended) == (State.CANCELLED, None, ended)


@pytest.mark.parametrize("content", [b"", b"c0ffee\n", b"c0ffee 0 yesterday\n", b"\xff\xfe", b"c0ffee 0 1 2\n"])
def test_what_is_no_note_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / cancellations.FILE).write_bytes(content)
    assert cancellations.weigh(dict.fromkeys(handles(tmp_path), JobStatus(None)), None) == {}


def test_a_pipe_in_its_place_is_neither_waited_for_nor_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / cancellations.FILE)
    cancellations.note(handles(tmp_path))
    assert cancellations.weigh(dict.fromkeys(handles(tmp_path), JobStatus(None)), None) == {}


def test_a_storage_directory_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    gone = handles(tmp_path / "gone")
    cancellations.note(gone)
    assert cancellations.weigh(dict.fromkeys(gone, JobStatus(None)), None) == {}


def test_nothing_is_noted_where_a_link_in_the_place_of_the_directory_leads(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "run").symlink_to("target")
    cancellations.note(handles(tmp_path / "run"))
    assert list((tmp_path / "target").iterdir()) == []


def test_a_link_of_the_users_above_the_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk/run").mkdir(parents=True)
    (tmp_path / "results").symlink_to("disk")
    cancellations.note(handles(tmp_path / "results/run"))
    assert (tmp_path / "disk/run" / cancellations.FILE).is_file()


def test_of_very_many_notes_the_newest_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _ = handles(tmp_path)
    cancellations.note([first])
    with (tmp_path / cancellations.FILE).open("a") as file:
        file.write("decade 7 2026-01-05T08:01:00+00:00\n" * 1000)
    cancellations.note([second])
    monkeypatch.setattr(cancellations, "_BYTES_MAX", 2**14)
    assert set(cancellations.weigh(dict.fromkeys((first, second), JobStatus(None)), None)) == {second}
