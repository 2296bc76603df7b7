"""Deleting while qanat is killed: nothing else goes, and the next command finishes what was begun."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.slow
ROUNDS = 12
FILES = 2_000  # enough for a deletion to be seen while it goes on


@pytest.fixture
def full(sandbox: Sandbox) -> Sandbox:
    """Return a project whose runs leave many files."""
    script = f'mkdir "$2/a" "$2/a/b"\nfor i in $(seq {FILES}); do : >"$2/a/b/$i"; : >"$2/a/$i"; done\n'
    sandbox.experiment("full", script)
    for _ in range(ROUNDS + 1):
        sandbox.qanat("run", "full")
    return sandbox


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_killed_deletion_is_finished_by_the_next_and_takes_nothing_else(full: Sandbox) -> None:
    chance, folder = random.Random(7), full.root / "results/full"
    killed = 0
    for number in range(1, ROUNDS + 1):
        process = full.start("delete", str(number), "--yes")
        deadline = time.monotonic() + 20
        target = folder / f"run_{number}"
        while target.exists() and process.poll() is None and time.monotonic() < deadline:
            continue
        if number % 2:
            time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.communicate()
        killed += bool(leftovers(folder))
        for other in range(number + 1, ROUNDS + 2):
            assert len(list((folder / f"run_{other}/a/b").iterdir())) == FILES
    full.qanat("cache", "clean")
    assert leftovers(folder) == []
    assert killed
    numbers = [int(record["id"].partition("-")[0]) for record in full.records()]
    full.qanat("delete", *map(str, numbers), "--yes")
    assert list(folder.iterdir()) == []
    assert full.status() == ""
