"""The notes on cancelled groups, which a job reads, and which anybody may have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain import times
from qanat.domain.layout import CANCELLED_GROUPS
from qanat.errors import WriteFailed
from qanat.records import cancelled_groups

AT = "2026-11-23T05:17:55+00:00"


def test_notes_are_added_and_read_by_their_intent(tmp_path: Path) -> None:
    cancelled_groups.note(tmp_path, "c0ffee", [3, 12])
    cancelled_groups.note(tmp_path, "beef", [4])
    cancelled_groups.note(tmp_path, "c0ffee", [5])
    found = cancelled_groups.read(tmp_path, "c0ffee")
    assert sorted(found) == [3, 5, 12]
    assert all(map(times.is_timestamp, found.values()))
    assert cancelled_groups.read(tmp_path, "dead") == {}


@pytest.mark.parametrize(
    "text", ["", "c0ffee\n", f"c0ffee x {AT}\n", f"c0ffee {'9' * 5000} {AT}\n", "c0ffee 3 soon\n", f"c0ffee -1 {AT}\n"]
)
def test_what_is_no_note_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / CANCELLED_GROUPS).write_text(f"{text}c0ffee 7 {AT}\n")
    assert cancelled_groups.read(tmp_path, "c0ffee") == {7: AT}


def test_a_directory_without_notes_has_none(tmp_path: Path) -> None:
    assert cancelled_groups.read(tmp_path / "missing", "c0ffee") == {}


def test_no_note_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / CANCELLED_GROUPS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WriteFailed):
        cancelled_groups.note(tmp_path, "c0ffee", [1])
    assert not (tmp_path / "elsewhere").exists()
