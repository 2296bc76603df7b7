"""What runs record of their data, and what a launch says about data that have changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.data import DataState
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from tests.support.world import World

TIME_S = 1_795_000_000
TIME = "2026-11-18T11:06:40.000+00:00"


@pytest.fixture
def with_data(world: World) -> World:
    """Return a project whose experiment reads two datasets: one in git, and one that git ignores."""
    world.commit(**{"data/iris/a.csv": "1,2\n", "data/iris/b.csv": "3,4\n", ".gitignore": "/big/\n/results/\n"})
    put(world, "big/1", "1")
    put(world, "big/2", "22")
    dataset(world, "iris", "data/iris")
    dataset(world, "big", "big")
    world.experiment("exit 0\n", datasets=["iris", "big"])
    return world


def put(world: World, path: str, text: str) -> Path:
    """Write a file that was modified at TIME."""
    file = world.write(path, text)
    os.utime(file, (TIME_S, TIME_S))
    return file


def dataset(world: World, name: str, path: str, **keys: Any) -> None:
    """Define a dataset, and commit it."""
    lines = {"schema": "dataset/1", "name": name, "path": path, **keys}
    world.commit(**{f".qanat/datasets/{name}.yaml": "".join(f"{key}: {value}\n" for key, value in lines.items())})


def again(world: World, number: int = 1, **repeat: Any) -> None:
    """Repeat a run as a new one, as `qanat rerun` does."""
    asked = (world.find(number), [], LaunchOptions(), Repeat(**repeat))
    world.started(rerun, *asked, runners=world, ask=world.ask, view=world.view)


def told(world: World) -> list[str]:
    """List what the last launch said about its data."""
    return [line for name, lines in world.view.events if name == "data" for line in lines]


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
