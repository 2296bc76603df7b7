"""Inputs of a run that no commit holds: files that git ignores and that arguments name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.errors import InputInvalid, WriteFailed
from qanat.usecases.launch import inputs
from tests.support.world import World
from tests.unit.records.example import RUN


def test_inputs_are_those_that_are_there_and_ignored(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nignored/\n", "tracked.txt": ""})
    for path in ("a.bin", "ignored/b", "untracked.txt"):
        world.write(path, "")
    groups = [("a.bin", "gone.bin", "tracked.txt"), ("untracked.txt", "--d=ignored/b", "ignored")]
    assert inputs.ignored_inputs(world.project, groups) == ["a.bin", "ignored/b", "ignored"]
    assert inputs.ignored_inputs(world.project, [("gone.bin",)]) == []
    assert inputs.ignored_inputs(world.project, []) == []


def test_a_path_with_anything_in_its_name_is_an_input(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\n"})
    name = 'a "b"\nü.bin'
    world.write(name, "")
    assert inputs.ignored_inputs(world.project, [(name,)]) == [name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a checkout with one file."""
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/train.sh").touch()
    return tmp_path / "checkout"


def test_what_only_the_project_has_is_linked(world: World, folder: Path) -> None:
    world.write("a/b.bin", "")
    assert inputs.link(world.project, folder, [("a/b.bin", "train.sh", "gone")], {}) == ["a/b.bin"]
    assert (folder / "a/b.bin").readlink() == world.root / "a/b.bin"
    assert not (folder / "train.sh").is_symlink()
    assert inputs.link(world.project, folder, [("a/b.bin",)], {}) == []


def test_a_link_that_leads_nowhere_is_in_its_place(world: World, folder: Path) -> None:
    world.write("a.bin", "")
    (folder / "a.bin").symlink_to("nowhere")
    assert inputs.link(world.project, folder, [("a.bin",)], {}) == []


def test_another_file_may_take_the_place_of_one(world: World, folder: Path, tmp_path: Path) -> None:
    world.write("a.bin", "")
    (tmp_path / "kept").touch()
    instead = {"a.bin": tmp_path / "kept", "b.bin": tmp_path / "gone"}
    assert inputs.link(world.project, folder, [("a.bin", "b.bin")], instead) == ["a.bin"]
    assert (folder / "a.bin").readlink() == tmp_path / "kept"


def test_a_link_that_cannot_be_made_is_told(world: World, folder: Path) -> None:
    world.write("train.sh.d/a.bin", "")
    (folder / "train.sh.d").touch()
    with pytest.raises(WriteFailed, match=r"cannot write .*train\.sh\.d/a\.bin"):
        inputs.link(world.project, folder, [("train.sh.d/a.bin",)], {})


def test_inputs_that_are_gone_are_told(world: World) -> None:
    world.write("a.bin", "")
    run = replace(RUN, experiment="train")
    inputs.check_exist(world.project, run, ["a.bin"])
    with pytest.raises(InputInvalid) as error:
        inputs.check_exist(world.project, run, ["a.bin", "b.bin"])
    assert error.value.message == f"input b.bin of run {run.number}, which git ignores, no longer exists"
    assert error.value.hint == "restore it, or run with another one: qanat run train"
