"""Comparing a rerun with what the first run had left, which its record knows, and not with what is there by now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from qanat.domain.reproduction import DIFFERENT, IDENTICAL, MISSING, NOT_IN_FIRST, UNREADABLE, Comparison, FileVerdict
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.runs.reproduction import basis_of, compare
from tests.support.deep import too_deep
from tests.support.world import World

CHANGES = 'case $2 in *run_1) echo AAAA;; *) echo BBBB;; esac >"$2/out.txt"; echo same >"$2/same.txt"\n'
LIST = "qanat_manifest.jsonl"


def checked(world: World) -> tuple[Sequence[str], Comparison]:
    """Repeat the run of a world and compare, as `qanat rerun --check` does; return the notes and what is found."""
    own = world.generated_files("local")
    basis = basis_of(world.find(), own)
    asked = (world.find(), [], LaunchOptions(), Repeat())
    again = world.started(rerun, *asked, runners=world, ask=world.ask, view=world.view)
    return basis.notes, compare(world.project, basis, again, 1e-6, own)


def test_nothing_is_identical_over_folders_that_cannot_be_read(world: World) -> None:
    world.experiment('echo same >"$2/same.txt"\n')
    world.launch()
    folder = too_deep(world.root / "results/train/run_1")
    (world.root / f"results/train/run_1/{LIST}").unlink()
    _, found = checked(world)
    assert FileVerdict(folder, UNREADABLE, "in the first: file name too long") in found.files
    assert FileVerdict("same.txt", IDENTICAL) in found.files
    assert not found.is_identical


@pytest.fixture
def results(world: World) -> Path:
    """Return the results of a run whose rerun leaves another out.txt of the same size."""
    world.experiment(CHANGES)
    world.launch()
    return world.root / "results/train/run_1"


def test_a_file_that_was_made_equal_to_that_of_the_rerun_is_different(world: World, results: Path) -> None:
    (results / "out.txt").write_text("BBBB\n")
    _, found = checked(world)
    assert FileVerdict("out.txt", DIFFERENT, "its SHA-256 is not the recorded one") in found.files
    assert FileVerdict("same.txt", IDENTICAL) in found.files
    assert not found.is_identical


@pytest.mark.parametrize("edited", [None, "", '{"path": "out.txt", "size": 5, "sha256": null}\n'])
def test_without_the_recorded_list_files_of_the_same_size_are_compared_with_the_digest(
    world: World, results: Path, edited: str | None
) -> None:
    (results / "out.txt").write_text("BBBB\n")
    (results / LIST).unlink() if edited is None else (results / LIST).write_text(edited)
    notes, found = checked(world)
    assert notes == ("files of run 1 are gone or changed: comparing with the digest of the outputs in its record",)
    assert FileVerdict(".", DIFFERENT, "2 files, 10 B, with other content", 2, is_group=True) in found.files


def test_without_the_recorded_list_files_that_are_as_they_were_are_compared_one_by_one(
    world: World, results: Path
) -> None:
    (results / LIST).unlink()
    notes, found = checked(world)
    assert notes == ()
    assert FileVerdict("out.txt", DIFFERENT) in found.files
    assert FileVerdict("same.txt", IDENTICAL) in found.files


def test_a_file_that_was_added_since_is_not_what_the_run_had_left(world: World) -> None:
    world.experiment('echo same >"$2/same.txt"; case $2 in *run_2) echo new >"$2/new.txt";; esac\n')
    world.launch()
    (world.root / "results/train/run_1/new.txt").write_text("new\n")
    _, found = checked(world)
    assert FileVerdict("new.txt", MISSING, NOT_IN_FIRST) in found.files
    assert {file.path for file in found.files if file.verdict == IDENTICAL} == {"same.txt", "stdout.txt", "stderr.txt"}
