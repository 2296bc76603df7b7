"""Notes that only this user's qanat can have written here."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from qanat.domain.sharing import Sharing
from qanat.errors import WriteFailed
from qanat.records import own_notes


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    own_notes.write(tmp_path / "notes" / "a", {"key": [1, "ü"]})
    found = own_notes.read(tmp_path / "notes" / "a")
    assert found["key"] == [1, "ü"]
    assert found["on"] == found["note_device"]
    assert own_notes.names(tmp_path / "notes") == ["a"]


def test_a_note_that_was_copied_is_none(tmp_path: Path) -> None:
    own_notes.write(tmp_path / "a", {})
    shutil.copy(tmp_path / "a", tmp_path / "b")
    assert own_notes.read(tmp_path / "b") == {}


def test_a_link_to_a_note_is_none(tmp_path: Path) -> None:
    own_notes.write(tmp_path / "a", {})
    (tmp_path / "b").symlink_to("a")
    assert own_notes.read(tmp_path / "b") == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"note": 1}'])
def test_what_is_no_note_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(text)
    assert own_notes.read(tmp_path / "a") == {}


def test_a_folder_that_is_missing_has_no_notes(tmp_path: Path) -> None:
    assert own_notes.names(tmp_path / "missing") == []
    assert own_notes.read(tmp_path / "missing" / "a") == {}


def test_a_note_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(WriteFailed, match="is a directory"):
        own_notes.write(tmp_path / "a", {})


def test_only_its_user_may_write_to_a_note(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        own_notes.write(tmp_path / "notes/one", {"a": 1}, Sharing(0o660))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "notes/one").stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a file of another user")
def test_a_note_of_another_user_gives_way(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("{}")
    os.chown(tmp_path / "one", 1234, -1)
    own_notes.write(tmp_path / "one", {"a": 1})
    assert own_notes.read(tmp_path / "one")["a"] == 1
