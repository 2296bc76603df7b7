"""What validate says about the storage directories that records name."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.intents import new_intent
from qanat.usecases.checks.everything import all_files
from qanat.usecases.checks.validate import validate
from qanat.usecases.project import open_project
from tests.support.world import World


def problems(world: World) -> list[str]:
    """List what validate finds, without the files."""
    project = open_project(world.root)
    with project.index() as index:
        return [problem.what for problem in validate(project, index, all_files(project))]


def with_storage(world: World, number: int, storage: str) -> None:
    """Change the storage directory in a record."""
    (file,) = world.root.glob(f".qanat/runs/*/*/{number}-*.yaml")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f"storage: {storage}" if s.startswith("storage: ") else s for s in lines) + "\n")


@pytest.mark.parametrize(
    ("storage", "problem"),
    [
        ("..", "'..' leaves its folder with '..'"),
        ("../..", "'../..' leaves its folder with '..'"),
        ("results/../data", "'results/../data' leaves its folder with '..'"),
        (".", "'.' is the project"),
        ("/", "'/' contains the project"),
        (".git/refs", "'.git/refs' lies in .git"),
        (".GIT/refs", "'.GIT/refs' lies in .GIT"),
        ("inner/.git/x", "'inner/.git/x' lies in .git"),
        (".qanat", "'.qanat' lies in .qanat"),
        ("results", "'results' is the result folder"),
        ("results/", "'results/' is the result folder"),
        ("src", "'src' contains src/code.py, which git tracks"),
    ],
)
def test_a_storage_that_leaves_the_rules_is_named(world: World, storage: str, problem: str) -> None:
    world.commit(**{"src/code.py": ""})
    world.launch()
    assert problems(world) == []
    with_storage(world, 1, storage)
    assert problems(world) == [f"storage: {problem}"]


def test_the_home_directory_and_what_contains_it_are_named(world: World, home: Path) -> None:
    world.launch()
    with_storage(world, 1, str(home))
    assert problems(world) == [f"storage: '{home}' is your home directory"]


def test_records_that_share_or_nest_storages_are_named(world: World, tmp_path: Path) -> None:
    ids = [world.launch(storage_path=tmp_path / name).id for name in "abc"]
    assert problems(world) == []
    with_storage(world, 2, str(tmp_path / "a"))
    with_storage(world, 3, str(tmp_path / "a/deeper"))
    assert problems(world) == [
        f"storage: '{tmp_path}/a' is also the storage directory of run {ids[1]}",
        f"storage: '{tmp_path}/a' is also the storage directory of run {ids[0]}",
        f"storage: '{tmp_path}/a/deeper' lies in the storage directory of run {ids[0]}",
    ]
    with_storage(world, 2, str(tmp_path / "b"))
    assert problems(world)[0] == f"storage: '{tmp_path}/a' contains the storage directory of run {ids[2]}"


def test_runs_of_two_clones_may_have_the_same_number_and_storage(world: World) -> None:
    run = world.launch()
    (file,) = world.root.glob(".qanat/runs/*/*/1-*.yaml")
    text = file.read_text().replace(run.id, "1-abcdef").replace(run.submission.intent, new_intent("1-abcdef"))
    file.with_name("1-abcdef.yaml").write_text(text)
    assert problems(world) == []
