"""In what the data of two runs differ, and how a state of data is shown."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from qanat.domain.data import DataState, data_differ, data_texts, difference, is_same, merkle, other_data

STATE = DataState("iris", "stat", files=2, bytes=3_000, newest="2026-11-29T17:01:30.000+00:00")
LATER = "2026-11-29T18:00:00.000+00:00"
HASHED = DataState("iris", "hash", files=2, bytes=3_000, id="sha256:" + "a" * 64)
COMMIT = DataState("iris", "git", id="commit:" + "1" * 40)
DVC = DataState("iris", "git", id=f"md5:{'1' * 32}.dir")
SAID = DataState("iris", "command", id="v1")
LONG = "tree:" + "1234567890abcdef" * 2 + "12345678"


@pytest.mark.parametrize(
    ("before", "now", "how"),
    [
        (STATE, STATE, ""),
        (STATE, replace(STATE, files=3), "3 files, was 2"),
        (STATE, replace(STATE, files=1, bytes=1_500, newest=LATER), "1 file, was 2 (1.5 kB, was 3.0 kB)"),
        (STATE, replace(STATE, bytes=3_001), "3,001 bytes, was 3,000"),
        (STATE, replace(STATE, newest=LATER), "modified 2026-11-29 18:00:00, was 2026-11-29 17:01:30"),
        (HASHED, HASHED, ""),
        (HASHED, replace(HASHED, id="sha256:" + "b" * 64), "sha256 bbbbbbbbbb, was aaaaaaaaaa"),
        (HASHED, replace(HASHED, id="sha256:" + "b" * 64, files=3), "3 files, was 2"),
        (COMMIT, replace(COMMIT, id="commit:" + "2" * 40), "commit 2222222222, was 1111111111"),
        (COMMIT, replace(COMMIT, changed=True), "changed since that commit"),
        (replace(COMMIT, changed=True), COMMIT, "without the changes since that commit"),
        (DVC, replace(DVC, id=f"md5:{'2' * 32}.dir"), "md5 2222222222, was 1111111111 according to DVC"),
        (DVC, replace(DVC, changed=True), "changed since that version"),
        (replace(DVC, changed=True), DVC, "without the changes since that version"),
        (SAID, replace(SAID, id="v2: beta"), "v2: beta, was v1"),
        (SAID, SAID, ""),
        (STATE, DataState("iris", "stat", problem="permission denied"), "permission denied"),
        # With the same id, times say nothing; without ids of one kind, only numbers and sizes do.
        (HASHED, replace(HASHED, newest=LATER), ""),
        (STATE, HASHED, ""),
        (STATE, replace(HASHED, files=4), "4 files, was 2"),
        (COMMIT, HASHED, ""),
        (COMMIT, SAID, ""),
    ],
)
def test_a_difference_says_what_is_and_what_was(
    before: DataState, now: DataState, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qanat.domain.times.local", lambda time: (time or "")[:19].replace("T", " "))
    assert difference(before, now) == how


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (STATE, STATE, True),
        (STATE, replace(STATE, newest=LATER), False),
        (STATE, replace(STATE, problem="1 folder cannot be read: a: permission denied"), False),
        (HASHED, replace(HASHED, files=None), True),
        (HASHED, replace(HASHED, id="sha256:" + "b" * 64), False),
        (COMMIT, replace(COMMIT, changed=True), False),
        # As many files and bytes do not make the same data.
        (STATE, HASHED, False),
        (replace(COMMIT, files=2, bytes=3_000), HASHED, False),
    ],
)
def test_states_are_the_same_if_they_say_the_same_of_the_whole_data(
    before: DataState, now: DataState, *, same: bool
) -> None:
    assert is_same(before, now) is same


def test_two_states_with_changes_are_told_apart_by_their_files() -> None:
    before = replace(STATE, id=COMMIT.id, changed=True)
    assert difference(before, before) == ""
    assert difference(before, replace(before, bytes=9_000)) == "9.0 kB, was 3.0 kB"


@dataclass(frozen=True)
class _Run:
    datasets: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[DataState] = ()


def test_runs_differ_where_both_know_better_or_have_other_paths() -> None:
    as_input = replace(STATE, name="x", is_input=True)
    before = _Run({"iris": "data/iris", "url": "s3://a/1", "new": "n"}, (STATE, as_input))
    after = _Run(
        {"iris": "data/iris", "url": "s3://a/2", "other": "o"},
        (replace(STATE, files=3), replace(as_input, files=1)),
    )
    assert [str(one) for one in data_differ(before, after)] == [
        "iris: 3 files, was 2",
        "url: s3://a/2, was s3://a/1",
        "x: 1 file, was 2",
    ]
    assert data_differ(before, before) == []


def test_the_same_data_at_another_path_do_not_differ() -> None:
    assert data_differ(_Run({"iris": "a"}, (HASHED,)), _Run({"iris": "b"}, (HASHED,))) == []
    assert [str(d) for d in data_differ(_Run({"iris": "a"}, (COMMIT,)), _Run({"iris": "b"}, (HASHED,)))] == [
        "iris: b, was a"
    ]


def test_runs_are_compared_with_the_first_one() -> None:
    runs = [_Run(data=(replace(STATE, files=count),)) for count in (2, 2, 3, 2, 1)]
    found = {place: [str(one) for one in differences] for place, differences in other_data(runs).items()}
    assert found == {2: ["iris: 3 files, was 2"], 4: ["iris: 1 file, was 2"]}
    assert other_data([]) == {}


def test_the_data_of_a_run_are_told_in_short() -> None:
    as_input = replace(COMMIT, name="a.csv", is_input=True)
    run = _Run({"iris": "data/iris", "url": "s3://b", "a.csv": "x"}, (HASHED, as_input))
    assert data_texts(run) == (
        "iris: sha256 aaaaaaaaaa, 2 files, 3.0 kB",
        "a.csv: commit 1111111111",
        "url: s3://b",
        "a.csv: x",
    )


def test_an_input_is_not_a_dataset_of_the_same_name() -> None:
    dataset, as_input = _Run(data=(STATE,)), _Run(data=(replace(STATE, is_input=True, files=9),))
    assert data_differ(dataset, as_input) == []


def test_a_state_is_described_in_one_line() -> None:
    state = DataState("iris", "stat", 3, 1, 4_500, problem="1 folder cannot be read: a: permission denied", id=LONG)
    assert state.described == (
        "tree 1234567890, 3 files, 1 of them links, 4.5 kB, 1 folder cannot be read: a: permission denied"
    )
    assert replace(COMMIT, changed=True).described == "commit 1111111111, changed since that commit"
    assert replace(DVC, changed=True).described == ("md5 1111111111 according to DVC, changed since that version")
    assert replace(SAID, id="md5:" + "1" * 32).described == "md5 1111111111"
    assert replace(SAID, id="x" * 100).described == "x" * 59 + "…"


def test_the_hash_of_a_folder_is_what_sha256sum_makes_of_it(tmp_path: Path) -> None:
    contents = {"b": b"1", "a/x y": b"2", "a-b": b"3", "é": b"4"}
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    pipeline = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -z | sha256sum"
    said = subprocess.run(["sh", "-c", pipeline], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    assert merkle(digests) == said.split()[0]
    assert merkle({"": digests["b"]}) == digests["b"]
