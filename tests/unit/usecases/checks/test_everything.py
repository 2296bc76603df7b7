"""Checking everything: what was checked before is not checked again, and nothing that is wrong is passed over."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.intents import new_intent
from qanat.domain.run import Run
from qanat.records import record_stamps, run_codec
from qanat.usecases.checks import everything, passed_before
from tests.support.world import World
from tests.unit.records.example import RUN

INTENTS: dict[str, str] = {}


def run_of(number: int, uid: str = "7f3a9c") -> Run:
    run = replace(RUN, experiment="train", number=number, uid=uid, storage=f"results/train/run_{number}")
    return replace(run, submission=replace(run.submission, intent=INTENTS.setdefault(run.id, new_intent(run.id))))


def put(world: World, run: Run) -> Path:
    return world.write(run_codec.path_of(run), run_codec.encode(run).decode())


def checked(world: World, *, full: bool = False) -> tuple[list[str], int, int]:
    """Return the problems, how many records were checked, and how many files there are."""
    with world.project.index() as index:
        found = everything.check_all(world.project, index, full=full)
    records = [path for path in found.paths if path.is_relative_to(world.project.paths.runs)]
    return [str(problem) for problem in found.problems], len(records), found.count


@pytest.fixture
def checked_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a project with three records that were checked."""
    monkeypatch.setattr(record_stamps, "COARSEST_NS", -(10**12))
    for number in (1, 2, 3):
        put(world, run_of(number))
    problems, records, _ = checked(world)
    assert (problems, records) == ([], 3)
    return world


def test_records_in_which_nothing_was_found_are_checked_again_only_if_that_is_wanted(checked_world: World) -> None:
    _, _, count = checked(checked_world)
    assert checked(checked_world) == ([], 0, count)
    assert checked(checked_world, full=True) == ([], 3, count)
    assert checked(checked_world) == ([], 0, count)


def edit_in_place_and_put_the_time_back(world: World) -> str:
    file = world.root / run_codec.path_of(run_of(2))
    stat = file.stat()
    text = file.read_bytes()
    assert b"state: failed" in text
    with file.open("r+b") as opened:
        opened.write(text.replace(b"state: failed", b"state: fa1led", 1))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return "state"


def have_the_intent_of_another(world: World) -> str:
    run = run_of(4)
    put(world, replace(run, submission=replace(run.submission, intent=run_of(1).submission.intent)))
    return "was not made for this run"


def use_the_storage_of_another(world: World) -> str:
    put(world, replace(run_of(4), storage=run_of(1).storage))
    return "1-7f3a9c.yaml:"  # of which nothing has changed


def track_results(world: World) -> str:
    world.write("results/train/run_3/out.txt", "5")
    subprocess.run(["git", "add", "--force", "results"], cwd=world.root, check=True)
    return "3-7f3a9c.yaml:"


def lie_in_a_link(world: World) -> str:
    file = world.root / run_codec.path_of(run_of(2))
    file.rename(world.root / "elsewhere.yaml")
    file.symlink_to(world.root / "elsewhere.yaml")
    return "is a symbolic link"


WRONG: list[Callable[[World], str]] = [
    edit_in_place_and_put_the_time_back,
    have_the_intent_of_another,
    use_the_storage_of_another,
    track_results,
    lie_in_a_link,
]


@pytest.mark.parametrize("harm", WRONG)
def test_what_becomes_wrong_later_is_found(checked_world: World, harm: Callable[[World], str]) -> None:
    said = harm(checked_world)
    for _ in range(2):
        found, _, _ = checked(checked_world)
        assert any(said in problem for problem in found), found
        assert found == checked(checked_world, full=True)[0]


def test_another_version_of_the_checks_checks_everything(checked_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = passed_before.version_of(checked_world.project)
    monkeypatch.setattr(passed_before, "__version__", "another")
    assert passed_before.version_of(checked_world.project) != before
    assert checked(checked_world)[1] == 3
