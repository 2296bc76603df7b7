"""Data of runs: a look at many files, hashes of large ones, and what data cost a launch if they have not changed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import alternate, call, command, seconds, tell
from benchmarks.projects import QANAT, Place
from qanat.usecases.data.look import Data, look
from qanat.usecases.project import Project, open_project

MANY, FEW = 100_000, 1_000
LARGE, LARGE_BYTES = 32, 32 * 2**20
DATASET = "schema: dataset/1\nname: big\npath: big\ntrack: hash\n"


def data(place: Place) -> Iterator[Measured]:
    """Measure looks at data next to `find` and `sha256sum`, and a launch with data next to one without."""
    root = projects.make(place.folder / "data", "noop")
    project = open_project(root)
    many, large = _files(place.folder / "many", MANY, 10), _files(place.folder / "large", LARGE, LARGE_BYTES)
    sums = f"find . -type f -print0 | xargs -0 -n1 -P{os.cpu_count()} sha256sum"
    yield _look(project, many, "stat", place, "find . -type f -printf '%s %T@\\n'", Budget(0, 1.0))
    yield _look(project, large, "hash", place, sums, Budget(1.3), forget=project.location.private_here / "data")
    yield _launch(place, root)


def _look(
    project: Project, folder: Path, track: str, place: Place, peer: str, budget: Budget, forget: Path | None = None
) -> Measured:
    def work() -> None:
        if forget:
            shutil.rmtree(forget, ignore_errors=True)
        look(project, Data("data", str(folder), track))

    count = sum(len(names) for _, _, names in os.walk(folder))
    what = f"a look at {count:,} files of data, {track}"
    ours, theirs = alternate(what, place.slow, call(work), command(["sh", "-c", peer], folder))
    return Measured(what, seconds(ours), f"`{peer}`", seconds(theirs), budget)


def _launch(place: Place, root: Path) -> Measured:
    """Measure what hashed data that have not changed add to a launch."""
    _files(root / "big", FEW, 1_000)
    (root / ".git/info/exclude").write_text("/big/\n/results/\n")
    (root / ".qanat/datasets").mkdir(exist_ok=True)
    (root / ".qanat/datasets/big.yaml").write_text(DATASET)
    without = root / ".qanat/experiments/noop.yaml"
    text = without.read_text().replace("name: noop", "name: reads")
    (root / ".qanat/experiments/reads.yaml").write_text(f"{text}datasets: [big]\n")
    projects.commit_all(root)
    time.sleep(3)  # what was written just now is hashed again
    what = f"`qanat run` with {FEW:,} files of hashed data that have not changed"
    sides = (command([QANAT, "run", name], root) for name in ("reads", "noop"))
    ours, theirs = alternate(what, 3 * place.quick, *sides)
    return Measured(what, seconds(ours), "the same without data", seconds(theirs), Budget(1, 0.03))


def _files(folder: Path, count: int, size: int) -> Path:
    """Write files of random bytes, 1,000 to a folder."""
    tell(f"making {folder.name}")
    for number in range(count):
        file = folder / str(number // 1_000) / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(size))
    return folder
