"""Summing up and showing the curves of a program that has written a million lines, and writing them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, Cost, alternate, command, seconds
from benchmarks.projects import QANAT, Place

LINES = 1_000_000
WRITTEN = 100_000
SUM_UP = """import sys
from pathlib import Path
from qanat.records.series import sum_up
file = Path(sys.argv[1])
sum_up(file.parent, file.name)
"""
LOG = "import sys, qanat\nfor step in range(int(sys.argv[1])): qanat.log_metrics(step=step, loss=1.5, acc=0.5)"
MEMORY_MB = 60


def million_lines(place: Place) -> Iterator[Measured]:
    """Measure how long the end of a group waits until its curves are summed up, and a person until they are shown."""
    folder = place.folder / "curves"
    folder.mkdir()
    lines, cells = folder / "metrics.jsonl", folder / "metrics.csv"
    with lines.open("w") as json_lines, cells.open("w") as table:
        table.write("step,loss,acc\n")
        for step in range(LINES):
            loss, acc = 1 / (1 + step / 1000), 1 - 1 / (2 + step / 1000)
            json_lines.write(f'{{"step": {step}, "loss": {loss}, "acc": {acc}}}\n')
            table.write(f"{step},{loss},{acc}\n")
    yield from _summed(place, lines, ["jq", ".loss", lines], budget_s=1.5)
    yield from _summed(place, cells, ["cut", "-d,", "-f2", cells], budget_s=1.5)
    yield _shown(place, lines)
    logged = folder / "logged"
    logged.mkdir()
    (ours,) = alternate("writing", place.slow, command([sys.executable, "-c", LOG, str(WRITTEN)], logged))
    yield Measured(f"writing {WRITTEN:,} lines with `log_metrics`", seconds(ours))


def _shown(place: Place, file: Path) -> Measured:
    root = projects.make(place.folder / "shown", "noop")
    projects.run_checked([QANAT, "run", "noop"], root)
    shutil.copy(file, root / "results/noop/run_1")
    sides = [command([QANAT, "metrics", "1"], root), command(["wc", "-l", file], root)]
    ours, counted = alternate("showing curves", place.slow, *sides)
    return Measured(f"`qanat metrics` of {LINES:,} lines", seconds(ours), "`wc -l`", seconds(counted), Budget(0, 1.5))


def _summed(place: Place, file: Path, peer: Command, *, budget_s: float) -> Iterator[Measured]:
    what = f"summing up {LINES:,} lines of `{file.name}`"
    sides = [command([sys.executable, "-c", SUM_UP, file], file.parent), command(["wc", "-l", file], file.parent)]
    if has_peer := shutil.which(str(peer[0])) is not None:
        sides.append(command(peer, file.parent))
    ours, counted, *others = alternate(what, place.slow, *sides)
    yield Measured(what, seconds(ours), "`wc -l`", seconds(counted), Budget(0, budget_s))
    if has_peer:
        yield Measured(what, seconds(ours), f"`{' '.join(map(str, peer[:-1]))}`", seconds(others[0]))
    yield Measured(f"{what}: memory", _peaks(ours), budget=Budget(0, MEMORY_MB), unit="MB")


def _peaks(costs: list[Cost]) -> list[float]:
    return [cost.peak_mb for cost in costs]
