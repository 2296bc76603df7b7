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
    found = cancelled_groups.read(tmp_path, "c0ffee", 20)
    assert sorted(found) == [3, 5, 12]
    assert all(map(times.is_timestamp, found.values()))
    assert cancelled_groups.read(tmp_path, "dead", 20) == {}


@pytest.mark.parametrize(
    "text", ["", "c0ffee\n", f"c0ffee x {AT}\n", f"c0ffee {'9' * 5000} {AT}\n", "c0ffee 3 soon\n", f"c0ffee -1 {AT}\n"]
)
def test_what_is_no_note_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / CANCELLED_GROUPS).write_text(f"{text}c0ffee 7 {AT}\n")
    assert cancelled_groups.read(tmp_path, "c0ffee", 20) == {7: AT}


def test_no_more_is_read_than_a_run_of_so_many_groups_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"c0ffee 1 {AT}\n" + f"c0ffee 99 {AT}\n" * 10_000 + f"c0ffee 2 {AT}\nc0ffee 2 2027-01-01T00:00:00+00:00\n"
    (tmp_path / CANCELLED_GROUPS).write_text(text)
    parsed: list[object] = []
    monkeypatch.setattr(times, "is_timestamp", lambda value: not parsed.append(value))
    assert cancelled_groups.read(tmp_path, "c0ffee", 20) == {2: AT}
    assert parsed == [AT]


def test_a_directory_without_notes_has_none(tmp_path: Path) -> None:
    assert cancelled_groups.read(tmp_path / "missing", "c0ffee", 20) == {}


def test_no_note_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / CANCELLED_GROUPS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WriteFailed):
        cancelled_groups.note(tmp_path, "c0ffee", [1])
    assert not (tmp_path / "elsewhere").exists()
