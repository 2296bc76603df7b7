"""Start-up, a single run, and many groups."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, alternate, command, seconds
from benchmarks.projects import QANAT, Place

EXPERIMENT = "noop"


def start_up(place: Place) -> Iterator[Measured]:
    """Measure `qanat --help` next to importing the library that parses its arguments."""
    what, peer = "`qanat --help`", '`python -c "import click"`'
    bare = command([sys.executable, "-c", "import click"], place.folder)
    ours, theirs = alternate(what, 3 * place.quick, command([QANAT, "--help"], place.folder), bare)
    yield Measured(what, seconds(ours), peer, seconds(theirs), Budget(1.3))


def one_run(place: Place) -> Iterator[Measured]:
    """Measure a run of `true`, recorded and committed, next to `true`."""
    root = projects.make(place.folder / "one", EXPERIMENT)
    what = "`qanat run` of `true`, recorded and committed"
    ours, theirs = alternate(what, place.quick, command([QANAT, "run", EXPERIMENT], root), command(["true"], root))
    yield Measured(what, seconds(ours), "`true`", seconds(theirs), Budget(1, 0.25))


def hundred_groups(place: Place) -> Iterator[Measured]:
    """Measure a run of 100 groups next to xargs."""
    yield _groups(place, 100, place.quick, Budget(0, 1.0))


def thousand_groups(place: Place) -> Iterator[Measured]:
    """Measure a run of 1,000 groups next to xargs."""
    yield _groups(place, 1000, place.slow, Budget(1.5, 1.0))


def _groups(place: Place, count: int, rounds: int, budget: Budget) -> Measured:
    root = projects.make(place.folder / f"groups-{count}", EXPERIMENT)
    what = f"{count:,} groups of `true`, 2 at a time"
    arguments: Command = [QANAT, "run", EXPERIMENT, "-R", f"--n 0 {count} 1", "-j", "2"]
    numbers = "".join(f"{number}\n" for number in range(count))
    ours, theirs = alternate(
        what, rounds, command(arguments, root), command(["xargs", "-P2", "-n1", "true"], root, stdin=numbers)
    )
    return Measured(what, seconds(ours), "`xargs -P2`", seconds(theirs), budget)
