"""Known hashes of files: only for files that are as they were, and only from this user's own file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.records.file_hashes import KEPT_MAX, FileHashes, stamp_of

DIGEST = "a" * 64
OLD = "1000000000 1000000000 5 7"


def stored(private: Path, top: str = "/data") -> Path:
    """Store the hash of a file named a, and return where."""
    FileHashes(private, top).replace({"a": DIGEST}, {"a": OLD})
    (file,) = (private / "data").iterdir()
    return file


def test_a_hash_is_known_for_the_same_stamp_and_place_only(tmp_path: Path) -> None:
    stored(tmp_path)
    known = FileHashes(tmp_path, "/data")
    assert known.digest("a", OLD) == DIGEST
    assert known.digest("a", OLD.replace("5", "6")) == ""
    assert known.digest("b", OLD) == ""
    assert FileHashes(tmp_path, "/other").digest("a", OLD) == ""


def test_names_may_be_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n x")
    FileHashes(tmp_path, "/data").replace({name: DIGEST}, {name: OLD})
    assert FileHashes(tmp_path, "/data").digest(name, OLD) == DIGEST


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    stored(tmp_path)
    FileHashes(tmp_path, "/data").replace({}, {})
    assert FileHashes(tmp_path, "/data").digest("a", OLD) == ""


def test_a_file_that_was_just_written_may_change_under_its_stamp(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    stamp = stamp_of((tmp_path / "a").stat())
    FileHashes(tmp_path, "/data").replace({"a": DIGEST}, {"a": stamp})
    assert FileHashes(tmp_path, "/data").digest("a", stamp) == ""


def test_a_stamp_changes_with_content_and_times(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    before = stamp_of(file.stat())
    os.utime(file, ns=(0, file.stat().st_mtime_ns))  # changes nothing but the time of the inode
    assert stamp_of(file.stat()) != before


def test_nothing_is_written_if_nothing_is_new(tmp_path: Path) -> None:
    file = stored(tmp_path)
    before = file.stat()
    FileHashes(tmp_path, "/data").replace({"a": DIGEST}, {"a": OLD})
    assert file.stat().st_ino == before.st_ino


def test_what_is_not_this_users_own_file_is_not_read(tmp_path: Path) -> None:
    file = stored(tmp_path)
    copy = tmp_path / "copy"
    os.link(file, copy)
    assert FileHashes(tmp_path, "/data").digest("a", OLD) == ""
    file.unlink()
    file.symlink_to(copy)
    assert FileHashes(tmp_path, "/data").digest("a", OLD) == ""


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"another form\n/data\0a\0" + DIGEST.encode(), b"\xff"])
def test_a_file_in_another_form_says_nothing(tmp_path: Path, content: bytes) -> None:
    stored(tmp_path).write_bytes(content)
    assert FileHashes(tmp_path, "/data").digest("a", OLD) == ""


def test_those_of_many_places_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(KEPT_MAX + 5):
        FileHashes(tmp_path, f"/data/{number}").replace({"a": DIGEST}, {"a": OLD})
    assert len(list((tmp_path / "data").iterdir())) == KEPT_MAX
    assert FileHashes(tmp_path, f"/data/{KEPT_MAX + 4}").digest("a", OLD) == DIGEST
