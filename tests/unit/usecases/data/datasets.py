"""What a user types about datasets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from tests.support.world import World

TIME_S = 1_795_000_000
TIME = "2026-11-18T11:06:40.000+00:00"


def put(world: World, path: str, text: str) -> Path:
    """Write a file that was modified at TIME."""
    file = world.write(path, text)
    os.utime(file, (TIME_S, TIME_S))
    return file


def dataset(world: World, name: str, path: str, **keys: Any) -> None:
    """Define a dataset, and commit it."""
    lines = {"schema": "dataset/1", "name": name, "path": path, **keys}
    world.commit(**{f".qanat/datasets/{name}.yaml": yaml.safe_dump(lines)})


def again(world: World, number: int = 1, **repeat: Any) -> None:
    """Repeat a run as a new one, as `qanat rerun` does."""
    asked = (world.find(number), [], LaunchOptions(), Repeat(**repeat))
    world.started(rerun, *asked, runners=world, ask=world.ask, view=world.view)


def told(world: World) -> list[str]:
    """List what the last launch said about its data."""
    return [line for name, lines in world.view.events if name == "data" for line in lines]
