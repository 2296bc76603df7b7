"""Projects with datasets."""

from __future__ import annotations

import pytest

from tests.support.world import World
from tests.unit.usecases.data.datasets import dataset, put


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
