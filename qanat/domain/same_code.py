"""Which runs executed the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qanat.domain.facts import RunFacts
from qanat.domain.run import Run


def has_code(run: Run, tree: str, key: tuple[str | None, str | None] | None) -> bool:
    """Return whether a run executed this code: a commit's tree or, as far as they are known, these parts of a key."""
    return run.code.tree == tree or (key is not None and None not in key and (run.key.code, run.key.command) == key)


def with_one_code(runs: Iterable[RunFacts], has: Callable[[RunFacts], bool]) -> list[RunFacts]:
    """Return runs, of which those of an experiment that have some code are as the first of these.

    Their keys may say otherwise, such as after files of a new document are no longer code.
    """
    first: dict[str, RunFacts] = {}
    found = []
    for run in runs:
        like = first.setdefault(run.experiment, run) if has(run) else run
        found.append(run._replace(tree=like.tree, code=like.code))
    return found


def trees_of(runs: Sequence[RunFacts]) -> dict[str, str]:
    """Map the ids of runs to the tree that stands for their code, which runs of an experiment share if it is the same.

    It is the same if their keys have the same code and command, or if the trees of their commits are the same: what a
    run without a key executed is only known by its tree.
    """
    above: dict[tuple[str, ...], tuple[str, ...]] = {}

    def top(mark: tuple[str, ...]) -> tuple[str, ...]:
        while (found := above.setdefault(mark, mark)) != mark:
            mark = found
        return mark

    for run in runs:
        first = top((run.experiment, run.tree))
        if run.code:
            key = (run.experiment, *run.code)
            if (other := top(key)) == key:
                above[key] = first
            else:
                above[first] = other
    # What stands for others is always a pair of an experiment and a tree.
    return {run.id: top((run.experiment, run.tree))[1] for run in runs}
