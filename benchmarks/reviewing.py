"""Showing what a branch changes, in a project of many runs."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Cost, alternate, command, seconds
from benchmarks.projects import QANAT, Place

EXPERIMENT = "reviewed"
RECORDS = 10_000
NEW_RUNS, NEW_DATASETS = 90, 10
PEER = "`git diff`"
BUDGET_S = 0.5


def hundred_changes(place: Place) -> Iterator[Measured]:
    """Measure `qanat diff` of a branch with 100 changed files."""
    root = projects.make(place.folder / "reviewed", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, RECORDS)
    projects.run_checked(["git", "switch", "--quiet", "--create", "work"], root)
    for number in range(NEW_DATASETS):
        path = root / f".qanat/datasets/d{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"schema: dataset/1\nname: d{number}\npath: {EXPERIMENT}\n")
    projects.commit_all(root)
    projects.add_records(root, EXPERIMENT, NEW_RUNS, RECORDS + 1)
    bare = command(["git", "diff", "main...HEAD"], root)
    what = f"`qanat diff` of {NEW_RUNS + NEW_DATASETS} files among {RECORDS:,} records"
    for arguments, title in (
        ([], f"{what}, to the working tree"),
        (["main...HEAD", "--format", "markdown"], f"{what}, of commits, Markdown"),
    ):
        ours, theirs = alternate(title, place.quick, command([QANAT, "diff", *arguments], root), bare)
        yield Measured(title, seconds(ours), PEER, seconds(theirs), Budget(0, BUDGET_S))
    fresh = command([QANAT, "diff"], root)

    def without_index() -> Cost:
        projects.forget_index(root)
        return fresh()

    (cold,) = alternate(f"{what}, the index deleted", place.slow, without_index, warm_up=False)
    yield Measured(f"{what}, the index deleted", seconds(cold))
