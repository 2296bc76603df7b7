"""Journals of runs in flight, including those that a kill left behind."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.measured import CurveSummary, Measured, Point
from qanat.domain.run import State
from qanat.errors import UsageError, WriteFailed
from qanat.records import flight
from qanat.records.flight import FOLDER, Journal, Watcher
from tests.support.strategies import json_values, stable

WATCHER = Watcher("4-7f3a9c", "/p", ".qanat/runs/iris/0/4-7f3a9c.yaml", "login01", 17, "ab12:345")
START, END = "2026-11-23T05:17:55.000+00:00", "2026-11-23T05:18:00.000+00:00"
HANDLES = [JobHandle("9c41", i, str(18 + i), {"process_start": f"ab12:{i}"}) for i in range(2)]
CURVE = CurveSummary(Point(1, 3), Point(0.5, 2), Point(2, 1), 3)
MEASURED = Measured({"a": 1.0}, {"a": CURVE}, {"metrics.csv": "ab" * 32})
FAILED = JobStatus(State.FAILED, exit_code=3, reason="exit code 3", ended=END)


def journal_of_two_groups(private: Path) -> Path:
    """Write a journal in which two groups have begun and one has ended."""
    with Journal(private, WATCHER) as journal:
        journal.started(HANDLES[0], START)
        journal.started(HANDLES[1], END)
        journal.ended(0, FAILED, Measured())
    return journal.path


def test_a_journal_says_who_watches_what_began_and_what_ended(tmp_path: Path) -> None:
    path = journal_of_two_groups(tmp_path)
    found = flight.read(path)
    assert found
    assert found.file == path == tmp_path / FOLDER / "4-7f3a9c.jsonl"
    assert found.watcher == WATCHER
    assert found.started == {0: (HANDLES[0], START), 1: (HANDLES[1], END)}
    assert found.ended == {0: FAILED}


def test_everything_is_on_disk_while_the_journal_is_open(tmp_path: Path) -> None:
    with Journal(tmp_path, WATCHER) as journal:
        journal.started(HANDLES[0], START)
        found = flight.read(journal.path)
        assert found
        assert found.started == {0: (HANDLES[0], START)}


@pytest.mark.parametrize("state", list(State))
def test_every_end_comes_back_as_it_was(tmp_path: Path, state: State) -> None:
    status = JobStatus(state, None, 9, "ended by SIGKILL", START, END, "node 7")
    with Journal(tmp_path, WATCHER) as journal:
        journal.ended(5, status, MEASURED)
    found = flight.read(journal.path)
    assert found
    assert (found.ended, found.measured) == ({5: status}, {5: MEASURED})


def test_a_journal_cut_short_anywhere_says_what_its_whole_lines_say(tmp_path: Path) -> None:
    path = journal_of_two_groups(tmp_path)
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = flight.read(path)
        if length < first:
            assert found is None
            continue
        assert found
        # A line that lacks nothing but its newline says everything.
        lines = whole[: length + 1].count(b"\n") if whole[length : length + 1] == b"\n" else whole[:length].count(b"\n")
        assert len(found.started) + len(found.ended) == lines - 1


def test_a_line_that_is_damaged_is_passed_over(tmp_path: Path) -> None:
    path = journal_of_two_groups(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0\0\0\n" + lines[1][:20] + b"\n" + b"\xff\xfe\n[]\n" + lines[2])
    found = flight.read(path)
    assert found
    assert found.started == {1: (HANDLES[1], END)}


keys = st.sampled_from(["group", "end", "intent", "job", "details", "started", "state"])


@stable
@given(
    st.lists(json_values(4) | st.dictionaries(keys, json_values(4) | st.fixed_dictionaries({"state": json_values(1)})))
)
def test_lines_of_any_content_are_never_an_error(contents: list[Any]) -> None:
    watcher = {slot: getattr(WATCHER, slot) for slot in Watcher.__slots__}
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in [watcher, *contents]))
        file.flush()
        found = flight.read(Path(file.name))
    assert found
    assert found.watcher == WATCHER


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b"{}\n", b'{"run_id": "4-7f3a9c"}\n', b"\xff\n", b"5\n"])
def test_a_journal_without_its_first_line_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "4-7f3a9c.jsonl"
    path.write_bytes(content)
    assert flight.read(path) is None


def test_all_journals_are_found_and_other_files_are_not(tmp_path: Path) -> None:
    assert flight.all_flights(tmp_path) == []
    journal_of_two_groups(tmp_path)
    (tmp_path / FOLDER / "5-000000.jsonl").write_bytes(b"")
    (tmp_path / FOLDER / "notes.txt").write_text("x")
    assert [found.watcher for found in flight.all_flights(tmp_path)] == [WATCHER]


def test_a_removed_journal_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    with Journal(tmp_path, WATCHER) as journal:
        journal.remove()
        journal.remove()
    assert flight.read(journal.path) is None
    assert flight.all_flights(tmp_path) == []


def test_two_processes_never_write_one_journal(tmp_path: Path) -> None:
    with Journal(tmp_path, WATCHER), pytest.raises(UsageError) as caught:
        Journal(tmp_path, WATCHER)
    assert caught.value.message == "run 4-7f3a9c is being started by another qanat process"
    assert caught.value.hint == "see how it is doing: qanat show 4-7f3a9c"


def test_only_the_journal_that_was_read_is_forgotten(tmp_path: Path) -> None:
    with Journal(tmp_path, WATCHER) as journal:
        seen = flight.read(journal.path)
    assert seen
    journal.remove()
    with Journal(tmp_path, replace(WATCHER, pid=WATCHER.pid + 1)):
        flight.forget(seen)
        again = flight.read(journal.path)
        assert again
        flight.forget(again)
    assert flight.all_flights(tmp_path) == []


def test_a_journal_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    assert flight.all_flights(tmp_path) == []
    with pytest.raises(WriteFailed) as caught:
        Journal(tmp_path, WATCHER)
    assert caught.value.message.startswith(f"cannot write {tmp_path / FOLDER / '4-7f3a9c.jsonl'}: ")
    assert caught.value.hint == "choose another location"
