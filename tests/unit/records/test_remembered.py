"""Facts are remembered until what they were read from changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.records import remembered
from qanat.records.remembered import KEPT_MAX, Remembered, stamp_at


def aged(path: Path, text: str = "") -> str:
    """Write a file of long ago, as far as its times can say so, and return a stamp that says so."""
    path.write_text(text)
    os.utime(path, (1, 1))
    return old(stamp_at(str(path)))


def old(stamp: str) -> str:
    """Return a stamp whose ctime, which cannot be set, is of long ago."""
    parts = stamp.split()
    return " ".join([parts[0], "1", *parts[2:]])


def test_a_fact_is_known_again_until_a_stamp_changes(tmp_path: Path) -> None:
    stamps = {"a": aged(tmp_path / "a"), "gone": stamp_at(str(tmp_path / "gone"))}
    known = Remembered(tmp_path)
    known.put("python", stamps, {"version": "3.12"})
    known.save()
    again = Remembered(tmp_path)
    assert again.get("python", stamps) == {"version": "3.12"}
    assert again.get("python", {**stamps, "gone": "1 1 1 1"}) is None
    assert again.get("python", {"a": stamps["a"]}) is None
    assert again.get("other", stamps) is None


def test_of_a_file_that_has_just_changed_the_content_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pyvenv.cfg"
    file.write_text("version = 3.12")
    stamps = {str(file): stamp_at(str(file))}
    known = Remembered(tmp_path)
    assert known.found("python", stamps, lambda: 1) == 1
    known.save()
    assert Remembered(tmp_path).get("python", stamps) == 1
    file.write_text("version = 3.13")  # its stamp may be the same, where times are in whole seconds
    assert Remembered(tmp_path).get("python", stamps) is None
    file.write_text("version = 3.12")
    monkeypatch.setattr(remembered, "is_settled", lambda stamp, now_ns: True)
    settled = Remembered(tmp_path)
    assert settled.get("python", stamps) == 1
    settled.save()
    file.unlink()
    assert Remembered(tmp_path).get("python", stamps) == 1  # now the stamp alone counts


def test_what_is_found_from_a_folder_that_has_just_changed_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "site-packages").mkdir()
    known = Remembered(tmp_path)
    known.found("packages", {str(tmp_path): stamp_at(str(tmp_path))}, dict)
    known.save()
    assert [path.name for path in tmp_path.iterdir()] == ["site-packages"]


def test_a_path_that_is_not_utf_8_is_known_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"file /caf\xe9")
    known = Remembered(tmp_path)
    known.put(name, {name: ""}, "sha256:0")
    known.save()
    assert Remembered(tmp_path).get(name, {name: ""}) == "sha256:0"


def test_a_link_has_the_stamps_of_both_ends(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "link").symlink_to("a")
    before = stamp_at(str(tmp_path / "link"))
    (tmp_path / "a").write_text("changed")
    assert stamp_at(str(tmp_path / "link")) != before
    assert len(before.split()) == 8


def test_only_the_newest_facts_are_kept(tmp_path: Path) -> None:
    known = Remembered(tmp_path)
    for number in range(KEPT_MAX + 1):
        known.put(str(number), {}, number)
    known.save()
    again = Remembered(tmp_path)
    assert (again.get("0", {}), again.get("1", {}), again.get(str(KEPT_MAX), {})) == (None, 1, KEPT_MAX)


def test_a_file_that_is_not_ones_own_is_not_believed(tmp_path: Path) -> None:
    known = Remembered(tmp_path)
    known.put("a", {}, 1)
    known.save()
    file = next(tmp_path.iterdir())
    for broken in ("", "[]", "[1]", "[0, {}]", '[1, ["a"]]', "{"):
        file.write_text(broken)
        assert Remembered(tmp_path).get("a", {}) is None
    known.put("a", {}, 1)
    known.save()
    (tmp_path / "other").hardlink_to(file)
    assert Remembered(tmp_path).get("a", {}) is None
