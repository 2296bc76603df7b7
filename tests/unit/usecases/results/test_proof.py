"""Which storage directories qanat takes for its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qanat.domain.run import Run
from qanat.records.made import Made, Notes
from qanat.system import folders
from qanat.usecases.results.proof import Proof, Results, all_results
from tests.support.world import World


def results_of(world: World, run: Run) -> Results:
    return Proof(world.project).results_of(run)


def note_of(world: World, run: Run) -> Path:
    return world.root / ".git/qanat/made" / run.id


def moved(world: World, target: Path) -> World:
    """Return the same project after it was moved elsewhere."""
    world.root.rename(target)
    return World(target)


def test_a_directory_with_a_note_may_be_removed(world: World) -> None:
    run = world.launch()
    assert note_of(world, run).is_file()
    assert results_of(world, run).are_removable


def test_so_may_one_in_a_project_that_was_moved(world: World, tmp_path: Path) -> None:
    run = world.launch()
    there = moved(world, tmp_path / "moved")
    found = results_of(there, run)
    assert found.are_removable
    assert found.folder == there.root / run.storage


@pytest.mark.parametrize("way", ["copied", "without a note"])
def test_a_directory_at_its_usual_place_may_be_removed_without_a_note_of_its_own(
    world: World, tmp_path: Path, way: str
) -> None:
    run = world.launch()
    if way == "copied":
        world = World(shutil.copytree(world.root, tmp_path / "copy", symlinks=True))
    else:
        note_of(world, run).unlink()
    assert results_of(world, run).are_removable


def test_a_directory_of_the_users_choice_may_not_without_a_note(world: World, tmp_path: Path) -> None:
    run = world.launch(storage_path=tmp_path / "chosen")
    assert results_of(world, run).are_removable
    (world.root / f".git/qanat/made/{run.id}.chosen").unlink()
    assert results_of(world, run).kept == "nothing shows that qanat created it"


def test_device_numbers_may_change_but_then_all_of_them(world: World) -> None:
    run = world.launch()
    notes = Notes(world.root / ".git/qanat")
    made = notes.read(run.id)
    assert made
    other = folders.FolderId(made.folder.device + 1, made.folder.inode, made.folder.owner)
    notes.write(run.id, Made(made.path, other, experiment="train"))
    assert results_of(world, run).kept == "it is not the directory that qanat created"
    text = note_of(world, run).read_text()
    own = note_of(world, run).stat().st_dev
    note_of(world, run).write_text(text.replace(f'"note_device": {own}', f'"note_device": {own + 1}'))
    assert results_of(world, run).are_removable


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "\0", '{"note": 1}', "[" * 50_000, '{"path": 1, "note": "inode"}'],
    ids=range(8),
)
def test_a_note_that_cannot_be_read_is_none(world: World, text: str) -> None:
    run = world.launch()
    inode = note_of(world, run).stat().st_ino
    note_of(world, run).write_text(text.replace('"inode"', str(inode)))
    assert Notes(world.root / ".git/qanat").read(run.id) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_note_of_another_user_proves_nothing(world: World) -> None:
    run = world.launch()
    os.chown(note_of(world, run), 1, 1)
    assert Notes(world.root / ".git/qanat").read(run.id) is None


@pytest.mark.parametrize("kind", ["inner", "above", "info", "usual"])
def test_without_a_note_no_link_may_lead_there(world: World, tmp_path: Path, kind: str) -> None:
    run = world.launch()
    note_of(world, run).unlink()
    link = {
        "inner": world.root / "results/train",
        "above": world.root / "results",
        "info": world.root / run.storage / "info.yaml",
        "usual": world.root / run.storage,
    }[kind]
    link.rename(tmp_path / "moved")
    link.symlink_to(tmp_path / "moved")
    assert results_of(world, run).are_removable == (kind == "above")
    if kind == "above":
        world.git("add", "--force", "results")
        assert results_of(world, run).kept == "nothing shows that qanat created it"


def test_the_note_goes_with_the_run(world: World) -> None:
    from qanat.usecases.runs.delete import delete_runs

    run = world.launch()
    delete_runs(world.project, [world.find()])
    assert not note_of(world, run).exists()
    assert list((world.root / ".git/qanat/trashes").iterdir()) == []


def test_what_a_killed_removal_left_is_removed_by_the_next(world: World) -> None:
    from qanat.system import removal
    from qanat.system.removal import Removal
    from qanat.usecases.runs.delete import delete_runs

    first, second = world.launch(), world.launch()
    path = world.root / first.storage
    found = folders.identify(path)
    assert found
    made = removal.make_trash(Removal(path, found, f"{removal.TRASH}{'0' * 16}"))
    Notes(world.root / ".git/qanat").begin_removal(made)
    path.rename(path.parent / made.trash / "d")
    (path.parent / f"{removal.TRASH}not-ours").mkdir()
    delete_runs(world.project, [world.find(second.number)])
    assert [entry.name for entry in path.parent.iterdir()] == [f"{removal.TRASH}not-ours"]


def test_what_records_of_other_runs_name_is_kept(world: World, tmp_path: Path) -> None:
    runs = [world.launch(storage_path=tmp_path / name) for name in ("a", "b", "c")]
    assert [one.kept for one in deleting(world, runs[:1])] == [""]
    with_storage(world, 2, str(tmp_path / "a"))
    with_storage(world, 3, str(tmp_path / "a/x/y"))
    assert [one.kept for one in deleting(world, runs[:1])] == [f"it is also the storage of run {runs[1].id}"]
    assert next(one.kept for one in deleting(world, runs[:2])) == f"it contains the storage of run {runs[2].id}"
    assert next(one.kept for one in deleting(world, runs)) == ""


def test_what_lies_in_the_storage_that_another_record_names_is_not_that_runs(world: World) -> None:
    first, _ = world.launch(), world.launch()
    with_storage(world, 2, "results")
    assert deleting(world, [first])[0].are_removable


def deleting(world: World, runs: list[Run]) -> list[Results]:
    with world.project.index() as index:
        index.sync()
        return all_results(world.project, index, runs)


def with_storage(world: World, number: int, storage: str) -> None:
    """Change the storage directory in a record."""
    (file,) = world.root.glob(f".qanat/runs/*/*/{number}-*.yaml")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f"storage: {storage}" if s.startswith("storage: ") else s for s in lines) + "\n")
