"""Proposing a dataset from its data: a name from the last part of the path, and the path from the project's root."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.usecases.definitions import from_data
from tests.support.world import World


@pytest.mark.parametrize(
    ("given", "name", "path"),
    [
        ("data/points", "points", "data/points"),
        ("data/points/", "points", "data/points"),
        ("data/a b.csv", "a_b", "data/a b.csv"),
        ("data/.v1.2", "v1.2", "data/.v1.2"),
        ("data/ü", "data", "data/ü"),
    ],
)
def test_a_name_and_a_path_are_proposed(world: World, given: str, name: str, path: str) -> None:
    world.write("data/a b.csv", "1\n")
    for folder in ("data/points", "data/.v1.2", "data/ü"):
        (world.root / folder).mkdir()
    assert from_data.proposed(world.project, Path(f"{world.root}/{given}")) == {"name": name, "path": path}


def test_data_outside_of_the_project_have_an_absolute_path(world: World, tmp_path: Path) -> None:
    data = tmp_path / "shared.v1"
    data.mkdir()
    assert from_data.proposed(world.project, data) == {"name": "shared.v1", "path": str(data)}
