"""What runs record of their data, and what a launch says about data that have changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.data import DataState
from qanat.domain.run import State
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from tests.support.world import World
from tests.unit.usecases.data.datasets import TIME, again, dataset, put, told


def test_a_run_records_what_each_dataset_was(with_data: World) -> None:
    run = with_data.launch()
    tree = with_data.git("rev-parse", "HEAD:data/iris")
    assert run.data == (
        DataState("iris", "git", files=2, bytes=8, id=f"tree:{tree}"),
        DataState("big", "stat", files=2, bytes=3, newest=TIME),
    )
    assert with_data.committed(1) == run
    assert told(with_data) == []


def test_a_launch_says_what_has_changed_since_the_last_run(with_data: World) -> None:
    with_data.launch()
    put(with_data, "big/3", "333")
    with_data.commit(**{"data/iris/a.csv": "1,2,3\n"})
    with_data.launch()
    assert told(with_data) == ["data changed since run 1: iris: 10 B, was 8 B; big: 3 files, was 2 (6 B, was 3 B)"]
    with_data.launch()
    assert told(with_data) == []


@pytest.mark.parametrize("repeat", [{}, {"head": True}])
def test_a_rerun_says_in_what_data_differ_from_those_of_the_first_run(with_data: World, repeat: Any) -> None:
    with_data.launch()
    (with_data.root / "big/2").unlink()
    with_data.launch()
    again(with_data, **repeat)
    assert told(with_data) == ["data differ from those of run 1: big: 1 file, was 2 (1 B, was 3 B)"]
    assert with_data.outcome.run.data[1].files == 1


def test_data_in_git_are_the_same_in_a_checkout_and_in_a_clone(with_data: World, tmp_path: Path) -> None:
    first = with_data.launch()
    again(with_data)
    with_data.git("clone", "--quiet", str(with_data.root), str(tmp_path / "clone"))
    clone = World(tmp_path / "clone")
    shutil.copytree(with_data.root / "big", clone.root / "big")
    cloned = clone.launch()
    assert [run.data for run in (with_data.recorded(2), cloned)] == [first.data, first.data]


def test_a_rerun_reads_data_beside_the_project(world: World) -> None:
    put(world, "../beside/1", "1")
    dataset(world, "rain", "../beside")
    world.experiment("exit 0\n", datasets=["rain"])
    run = world.launch()
    again(world)
    assert world.recorded(2).data == run.data == (DataState("rain", "stat", files=1, bytes=1, newest=TIME),)
    assert told(world) == []


def test_a_folder_with_tracked_and_ignored_files_is_counted(with_data: World) -> None:
    with_data.commit(**{".gitignore": "/big/\n/results/\n*.bin\n"})
    put(with_data, "data/iris/c.bin", "x" * 100)
    state = with_data.launch().data[0]
    assert (state.track, state.files, state.bytes, state.id) == ("stat", 3, 108, "")


def test_results_and_the_files_of_tools_are_not_data(world: World) -> None:
    world.commit(**{"a": "1", ".gitignore": "/results/\n"})
    dataset(world, "all", "./")
    world.experiment("exit 0\n", datasets=["all"])
    first = world.launch()
    world.launch()
    assert told(world) == []
    assert first.data[0].files == sum(not name.startswith(".qanat/") for name in world.git("ls-files").splitlines())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_data_that_cannot_be_read_are_said_and_recorded(with_data: World) -> None:
    folder = with_data.root / "big/private"
    folder.mkdir(mode=0)
    try:
        run = with_data.launch()
    finally:
        folder.chmod(0o700)
    problem = "1 folder cannot be read: private: permission denied"
    assert told(with_data) == [f"big: {problem}"]
    assert run.data[1].problem == problem
    assert run.data[1].files == 2


def test_a_retry_says_and_records_that_data_differ(with_data: World) -> None:
    with_data.experiment("exit $(cat big/1)\n", datasets=["iris", "big"])
    first = with_data.launch()
    assert first.state is State.FAILED
    put(with_data, "big/1", "0")
    put(with_data, "big/3", "333")
    found = with_data.find(1)
    again = with_data.started(retry, found, [0], [], LaunchOptions(), {}, runners=with_data, view=with_data.view)
    assert again.state is State.FINISHED
    assert told(with_data) == ["data differ from those of run 1: big: 3 files, was 2 (6 B, was 3 B)"]
    assert again.data == first.data
    assert [state.files for state in again.submission.data] == [2, 3]
    assert with_data.committed(1) == again


def test_a_retry_with_the_same_data_records_nothing_of_them(with_data: World) -> None:
    with_data.experiment("exit 1\n", datasets=["iris", "big"])
    with_data.launch()
    asked = (with_data.find(1), [0], [], LaunchOptions(), {})
    again = with_data.started(retry, *asked, runners=with_data, view=with_data.view)
    assert (told(with_data), again.submission.data) == ([], ())


def test_data_behind_a_link_in_git_are_those_that_it_leads_to(world: World, tmp_path: Path) -> None:
    put(World(tmp_path), "outside.csv", "12")
    (world.root / "data.csv").symlink_to(tmp_path / "outside.csv")
    dataset(world, "d", "data.csv")
    world.experiment("exit 0\n", datasets=["d"])
    assert world.launch().data == (DataState("d", "stat", 1, bytes=2, newest=TIME),)


def test_names_that_are_no_text_do_not_keep_a_run_from_being_recorded(with_data: World) -> None:
    (with_data.root / "big" / os.fsdecode(b"\xff\n")).write_text("x")
    dataset(with_data, "big", "big", track="hash")
    assert with_data.launch().data[1].files == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qanat.system.hashing._sha256", lambda *args: Path("/gone").read_text())
        run = with_data.launch()
    assert "cannot be read" in run.data[1].problem
    assert with_data.committed(2) == run
