"""Runs whose numbers are so far above all others that the next run does not follow them."""

from __future__ import annotations

from collections.abc import Collection

from qanat.records import numbers
from qanat.records.index import Index
from qanat.usecases.project import Project

RUNS_NAMED = 5


def warnings(project: Project, index: Index, records: Collection[str] | None = None) -> list[str]:
    """List such runs, of all or of these records, a sentence each; beyond some, they are counted."""
    index.sync_once()
    paths: dict[int, list[str]] = {}
    for path, run_id, _ in index.identities():
        paths.setdefault(int(run_id.partition("-")[0]), []).append(path)
    far = numbers.uncounted(project.location.private, paths)
    found = [(number, path) for number in far for path in paths[number] if records is None or path in records]
    why = "its number is far above all others, so the next run does not follow it"
    more = len(found) - RUNS_NAMED
    named = [f"run {number} of {path.split('/')[2]}: {why}" for number, path in found[:RUNS_NAMED]]
    return [*named, *([f"{more:,} more runs have numbers far above all others"] if more > 0 else [])]
