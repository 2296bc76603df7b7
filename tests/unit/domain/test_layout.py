"""Where records and the directories of groups are."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.layout import group_folder, is_inside, record_path


@pytest.mark.parametrize(("number", "folder"), [(1, 0), (99, 0), (100, 1), (101, 1), (12_345, 123)])
def test_records_are_kept_in_folders_of_a_hundred(number: int, folder: int) -> None:
    assert record_path("iris", number, "7f3a9c") == f".qanat/runs/iris/{folder}/{number}-7f3a9c.yaml"


def test_the_only_group_has_the_runs_own_directory_and_several_have_one_each() -> None:
    assert group_folder(Path("/r/run_1"), 0, 1) == Path("/r/run_1")
    assert [group_folder(Path("/r/run_1"), i, 2).name for i in range(2)] == ["group_0", "group_1"]


@pytest.mark.parametrize("path", ["a", "a/b.py", "./a", "a..b", "..a/b"])
def test_paths_below_the_root_are_inside(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../a", "a/../../b", "a/.."])
def test_absolute_paths_and_those_with_two_dots_are_not_inside(path: str) -> None:
    assert not is_inside(path)
