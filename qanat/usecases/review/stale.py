"""Experiments whose program or data changed, while their newest results are of the earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qanat.domain.run import Run
from qanat.git import changed_paths
from qanat.git.location import Location
from qanat.git.revisions import Range

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stale:
    """An experiment without new runs: its program if that changed, the datasets that did, and its newest results.

    `run` is the id of the run that has these, and `named_before` the name of the experiment in its record.
    """

    experiment: str
    program: str | None
    datasets: tuple[str, ...]
    run: str
    named_before: str


def find(
    location: Location,
    span: Range,
    experiments: Mapping[str, Content],
    datasets: Mapping[str, Content],
    redefined: Collection[tuple[str, str]],
    newest: Callable[[str], Run | None],
) -> Iterator[Stale]:
    """Find them among experiments without new runs, which are given by name, as are the datasets.

    `redefined` has the kind and name of each definition that says something else than before of its program, its
    datasets or its path. `newest` returns the newest run of an experiment that has results.
    """
    if span.base is None:
        return
    paths = {c["executable"] for c in experiments.values()} | {c["path"] for c in datasets.values()}
    touched = changed_paths.changed(location, span.base, span.head, paths) or frozenset()
    for name, content in experiments.items():
        is_redefined = ("experiment", name) in redefined
        program = content["executable"] if is_redefined or content["executable"] in touched else None
        read = {one: datasets[one]["path"] for one in content.get("datasets", ()) if one in datasets}
        data = {o: p for o, p in read.items() if is_redefined or ("dataset", o) in redefined or p in touched}
        run = newest(name) if program or data else None
        if run is not None:
            later = _changed_since(location, span, run, {*data.values(), *([program] if program else [])}, touched)
            others = tuple(one for one, path in data.items() if run.datasets.get(one) != path or path in later)
            ran = program if program in later or {program, f"./{program}"}.isdisjoint(run.command) else None
            if ran or others:
                yield Stale(name, ran, others, run.id, run.experiment)


def _changed_since(
    location: Location, span: Range, run: Run, paths: Collection[str], touched: frozenset[str]
) -> frozenset[str]:
    """Return the paths that changed after a run; if its commit is missing, those that differ between the sides."""
    found = changed_paths.changed(location, run.code.commit, span.head, paths)
    return touched if found is None else found
