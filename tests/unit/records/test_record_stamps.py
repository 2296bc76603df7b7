"""The record files of a project, each with a stamp that changes when the file does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.records.record_stamps import is_settled, stamps

RUNS = ".qanat/runs"


def put(root: Path, path: str, text: str = "x") -> Path:
    """Write a file below the folder of records."""
    file = root / RUNS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_records_of_every_experiment_and_folder_are_found_by_their_paths_from_the_root(tmp_path: Path) -> None:
    for path in ("a/0/1-7f3a9c.yaml", "a/1/100-7f3a9c.yaml", "b/0/2-7f3a9c.yaml"):
        put(tmp_path, path)
    assert {path for path, _ in stamps(tmp_path)} == {
        ".qanat/runs/a/0/1-7f3a9c.yaml",
        ".qanat/runs/a/1/100-7f3a9c.yaml",
        ".qanat/runs/b/0/2-7f3a9c.yaml",
    }


def test_a_project_without_records_has_none(tmp_path: Path) -> None:
    assert list(stamps(tmp_path)) == []
    (tmp_path / ".qanat").mkdir()
    (tmp_path / RUNS).write_text("a file in the way")
    assert list(stamps(tmp_path)) == []


def test_other_files_hidden_folders_and_records_in_the_wrong_place_are_left_out(tmp_path: Path) -> None:
    for path in ("a/0/1-7f3a9c.md", "a/2-7f3a9c.yaml", "3-7f3a9c.yaml", "a/.git/4-7f3a9c.yaml", "a/0/b/5-7f3a9c.yaml"):
        put(tmp_path, path)
    put(tmp_path, ".hidden/0/6-7f3a9c.yaml")
    assert list(stamps(tmp_path)) == []


def test_linked_folders_are_left_out_and_what_is_in_the_place_of_a_record_is_not(tmp_path: Path) -> None:
    record = put(tmp_path, "a/0/1-7f3a9c.yaml")
    (record.parent / "2-7f3a9c.yaml").symlink_to("nowhere")
    (record.parent / "3-7f3a9c.yaml").mkdir()
    (tmp_path / RUNS / "a/1").symlink_to(record.parent)
    (tmp_path / RUNS / "b").symlink_to(tmp_path / RUNS / "a")
    assert sorted(path for path, _ in stamps(tmp_path)) == [f".qanat/runs/a/0/{n}-7f3a9c.yaml" for n in (1, 2, 3)]


def test_names_that_are_not_text_are_left_out(tmp_path: Path) -> None:
    record = put(tmp_path, "a/0/1-7f3a9c.yaml")
    try:
        os.close(os.open(os.fsencode(record.parent) + b"/2-\xff.yaml", os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system takes no such name")
    assert [path for path, _ in stamps(tmp_path)] == [".qanat/runs/a/0/1-7f3a9c.yaml"]


# ---- stamps


def rewrite(file: Path) -> None:
    file.write_text("longer than before")


def replace_by_a_file_of_the_same_size_and_time(file: Path) -> None:
    stat = file.stat()
    other = file.with_name("other")
    other.write_text(file.read_text())
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)


def give_another_time(file: Path) -> None:
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def change_in_place_and_put_the_time_back(file: Path) -> None:
    stat = file.stat()
    file.write_text("y")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


CHANGES = [
    rewrite,
    replace_by_a_file_of_the_same_size_and_time,
    give_another_time,
    change_in_place_and_put_the_time_back,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_stamp_changes_when_its_file_does_and_only_then(tmp_path: Path, change: Callable[[Path], None]) -> None:
    changed = put(tmp_path, "a/0/1-7f3a9c.yaml")
    put(tmp_path, "a/0/2-7f3a9c.yaml")
    before = dict(stamps(tmp_path))
    change(changed)
    after = dict(stamps(tmp_path))
    assert before.keys() == after.keys()
    assert [path for path in before if before[path] != after[path]] == [f"{RUNS}/a/0/1-7f3a9c.yaml"]


def test_a_stamp_has_times_size_and_inode(tmp_path: Path) -> None:
    stat = put(tmp_path, "a/0/1-7f3a9c.yaml", "four").stat()
    ((_, stamp),) = stamps(tmp_path)
    assert stamp == f"{stat.st_mtime_ns} {stat.st_ctime_ns} 4 {stat.st_ino}"


# ---- beside somebody who writes


def test_files_that_are_deleted_meanwhile_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [put(tmp_path, f"a/0/{number}-7f3a9c.yaml") for number in range(1, 4)]
    listdir = os.listdir

    def listed_and_then_deleted(folder: int) -> list[str]:
        names = listdir(folder)
        files[1].unlink(missing_ok=True)
        return names

    monkeypatch.setattr(os, "listdir", listed_and_then_deleted)
    assert {path for path, _ in stamps(tmp_path)} == {f"{RUNS}/a/0/{number}-7f3a9c.yaml" for number in (1, 3)}


def test_folders_that_are_deleted_meanwhile_are_left_out(tmp_path: Path) -> None:
    files = [put(tmp_path, path) for path in ("a/0/1-7f3a9c.yaml", "a/1/100-7f3a9c.yaml", "b/0/2-7f3a9c.yaml")]
    found = stamps(tmp_path)
    next(found)
    for file in files:
        file.unlink()
        file.parent.rmdir()
    (tmp_path / RUNS / "a").rmdir()
    (tmp_path / RUNS / "b").rmdir()
    assert list(found) == []


def test_what_a_killed_writer_left_is_removed_when_it_is_older_than_an_hour(tmp_path: Path) -> None:
    old, new = put(tmp_path, "a/0/.1-7f3a9c.yaml.17.tmp"), put(tmp_path, "a/0/.2-7f3a9c.yaml.18.tmp")
    folder, elsewhere = put(tmp_path, "a/0/.3.tmp/kept").parent, put(tmp_path, "elsewhere")
    (old.parent / ".4.tmp").symlink_to(elsewhere)
    for path, age_s in ((old, 3600.5), (new, 3500), (folder, 3700), (elsewhere, 3700)):
        os.utime(path, (time.time() - age_s, time.time() - age_s))
    assert list(stamps(tmp_path)) == []
    assert [path.exists() for path in (old, new, folder, old.parent / ".4.tmp")] == [False, True, True, True]


@pytest.mark.parametrize(
    ("mtime_s", "ctime_s", "settled"),
    [(90, 90, True), (98, 90, False), (90, 98, False), (100, 100, False), (4000, 90, False), (90, 4000, False)],
)
def test_a_stamp_is_settled_once_no_later_change_can_leave_it(mtime_s: int, ctime_s: int, settled: bool) -> None:
    stamp = f"{mtime_s}000000000 {ctime_s}000000000 120 7"
    assert is_settled(stamp, 100 * 10**9) is settled
    assert not is_settled("hidden", 100 * 10**9)
