"""Notes on directories that no longer exist are forgotten, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

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
