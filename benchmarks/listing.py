"""The table of an experiment's runs, with and without its index, and shell completion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, Cost, Side, alternate, command, seconds
from benchmarks.projects import QANAT, Place

EXPERIMENT = "listed"
PEER = "`git grep`"
MEMORY_MB = 60
COMPLETED = 10_000
COMPLETION_S = 0.15
# The stamps of younger files are not believed.
SETTLED_S = 4
FINISHED = ("--where", "state=finished")
COMPARED = {
    "pooled, with a baseline": ((*FINISHED, "--pool", "--baseline", "learning_rate=0.1"), 0.8),
    "a row for each": (FINISHED, 1.2),
    "only three": (("1", "2", "3"), 0.5),
}


def thousand_runs(place: Place) -> Iterator[Measured]:
    """Measure a table of runs in a project that has 1,000."""
    return _listing(place, 1_000, warm_s=0.15, cold_s=1.0)


def ten_thousand_runs(place: Place) -> Iterator[Measured]:
    """Measure a table of runs in a project that has 10,000."""
    return _listing(place, 10_000, warm_s=0.4, cold_s=6.0)


def _listing(place: Place, count: int, *, warm_s: float, cold_s: float) -> Iterator[Measured]:
    root = projects.make(place.folder / f"runs-{count}", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, count)
    time.sleep(SETTLED_S)
    # Without qanat, one would search the records for the line that says how each run ended.
    bare = command(["git", "grep", "-h", "^state:", "--", ".qanat/runs"], root)
    table: Command = [QANAT, "experiment", "status", EXPERIMENT]
    what = f"listing {count:,} runs, the newest 50 shown"
    ours, theirs = alternate(what, place.quick, command(table, root), bare)
    yield Measured(what, seconds(ours), PEER, seconds(theirs), Budget(0, warm_s))
    yield Measured(f"{what}: memory", _peaks(ours), budget=Budget(0, MEMORY_MB), unit="MB")
    for option in ("--all", "--json"):
        yield from _whole(place, f"listing {count:,} runs with `{option}`", command([*table, option], root), bare)
    if count > 1_000:
        chosen = ["--where", "learning_rate<0.5 and metric.accuracy>0.6", "--sort", "-accuracy", "--top", "10"]
        (found,) = alternate("searching", place.quick, command([QANAT, "runs", *chosen], root))
        yield Measured(f"the 10 best of {count:,} runs", seconds(found), budget=Budget(0, warm_s))
        yield from _compared(place, root, count)
    yield _cold(place, root, f"listing {count:,} runs, the index deleted", command(table, root), bare, cold_s)


def _compared(place: Place, root: Path, count: int) -> Iterator[Measured]:
    for what, (words, limit_s) in COMPARED.items():
        (found,) = alternate(what, place.quick, command([QANAT, "compare", *words], root))
        yield Measured(f"comparing {count:,} runs, {what}", seconds(found), budget=Budget(0, limit_s))


def completion(place: Place) -> Iterator[Measured]:
    """Measure how long a shell waits after Tab is pressed, in a project that has 10,000 runs."""
    root = projects.make(place.folder / "completion", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, COMPLETED)
    for arguments, what in (("show", "runs"), ("run", "experiments"), ("", "commands")):
        typed = f"qanat\n{arguments}\n" if arguments else "qanat\n"
        asking = {"_QANAT_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count("\n"))}
        tab = command(["env", *(f"{name}={value}" for name, value in asking.items()), QANAT], root)
        title = f"completing {what} among {COMPLETED:,} runs"
        (ours,) = alternate(title, place.quick, tab)
        yield Measured(title, seconds(ours), budget=Budget(0, COMPLETION_S))


def _whole(place: Place, what: str, side: Side, bare: Side) -> Iterator[Measured]:
    """Measure a listing that has no budget."""
    ours, theirs = alternate(what, place.slow, side, bare)
    yield Measured(what, seconds(ours), PEER, seconds(theirs))
    yield Measured(f"{what}: memory", _peaks(ours), unit="MB")


def _cold(place: Place, root: Path, what: str, table: Side, bare: Side, cold_s: float) -> Measured:
    def without_index() -> Cost:
        projects.forget_index(root)
        return table()

    ours, theirs = alternate(what, place.slow, without_index, bare, warm_up=False)
    return Measured(what, seconds(ours), PEER, seconds(theirs), Budget(0, cold_s))


def _peaks(costs: list[Cost]) -> list[float]:
    return [cost.peak_mb for cost in costs]
