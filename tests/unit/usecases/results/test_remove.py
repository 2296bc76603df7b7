"""Notes on directories that no longer exist are forgotten, and no others; what killed launches left is removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qanat.domain import times
from qanat.domain.run import Run
from qanat.usecases.launch import checkouts
from tests.support.world import World


def notes(world: World) -> set[str]:
    """Return the names of the notes."""
    return {path.name for path in (world.root / ".git/qanat/made").iterdir()}


def forgotten(world: World, run: Run) -> Run:
    """Remove the record of a run, as checking out another branch may."""
    world.git("rm", "--quiet", f".qanat/runs/train/0/{run.id}.yaml")
    return run


def test_directories_of_removed_records_are_forgotten_once_they_are_gone(world: World) -> None:
    gone, there, recorded = (world.launch() for _ in range(3))
    forgotten(world, gone)
    forgotten(world, there)
    for run in (gone, recorded):
        shutil.rmtree(world.root / run.storage)
    checkouts.clean(world.project, [])
    assert notes(world) == {there.id, recorded.id}
    shutil.rmtree(world.root / "results")
    checkouts.clean(world.project, [])
    assert notes(world) == {recorded.id}


def test_a_directory_on_a_disk_that_may_be_missing_is_not_forgotten(world: World, tmp_path: Path) -> None:
    run = forgotten(world, world.launch(storage_path=tmp_path / "disk/chosen"))
    shutil.rmtree(tmp_path / "disk")
    checkouts.clean(world.project, [])
    assert notes(world) == {f"{run.id}.chosen"}
    (tmp_path / "disk").mkdir()
    checkouts.clean(world.project, [])
    assert notes(world) == set()


class Killed(BaseException):
    """What nothing is undone after, as after SIGKILL."""


@pytest.fixture
def left(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the storage directory of a launch that was killed before its run was recorded."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("qanat.usecases.tracking.record.create_record", die)
        with pytest.raises(Killed):
            world.launch()
    return world.root / "results/train/run_1"


def age(world: World, folder: Path, seconds: float) -> None:
    """Make a directory as old as this."""
    os.utime(folder, times=(times.parse(world.clock.now()).timestamp() - seconds,) * 2)


def test_the_empty_directory_of_a_killed_launch_is_removed_later(world: World, left: Path) -> None:
    age(world, left, 3_500)
    checkouts.clean(world.project, [])
    assert list(left.iterdir()) == []
    assert len(notes(world)) == 1
    age(world, left, 3_700)
    checkouts.clean(world.project, [])
    assert not left.exists()
    assert notes(world) == set()


def test_no_directory_is_removed_that_is_not_empty_or_not_the_one_qanat_made(world: World, left: Path) -> None:
    (left / "mine").touch()
    age(world, left, 3_700)
    checkouts.clean(world.project, [])
    assert (left / "mine").exists()
    left.rename(left.with_name("moved"))
    left.mkdir()
    age(world, left, 3_700)
    checkouts.clean(world.project, [])
    assert left.exists()


def test_the_empty_directory_of_a_recorded_run_stays(world: World) -> None:
    run = world.launch()
    folder = world.root / run.storage
    for file in folder.iterdir():
        file.unlink()
    age(world, folder, 3_700)
    checkouts.clean(world.project, [])
    assert folder.exists()
