"""Environments that records name, but whose files are missing: what a run found can no longer be compared."""

from __future__ import annotations

from collections.abc import Collection

from qanat.records import environments
from qanat.records.index import Index
from qanat.system import below
from qanat.usecases.project import Project

FILES_NAMED = 5
RUNS_NAMED = 3


def warnings(project: Project, index: Index, records: Collection[str] | None = None) -> list[str]:
    """List these files, named by all or by these records, a sentence each; beyond some, they are counted."""
    index.sync_once()
    is_there: dict[str, bool] = {}
    runs: dict[str, list[str]] = {}
    for record, number, names in index.environment_files():
        for path in (environments.path_of(*each.split("/")) for each in names.split()):
            if path not in is_there:
                is_there[path] = below.has_file(project.root, path)
            if not is_there[path] and (records is None or record in records):
                runs.setdefault(path, []).append(str(number))
    missing = sorted(runs)
    more = len(missing) - FILES_NAMED
    named = [f"{path} is missing, which {_runs(runs[path])}" for path in missing[:FILES_NAMED]]
    counted = f"{more:,} more environment {'file is' if more == 1 else 'files are'} missing"
    return [*named, *([counted] if more > 0 else [])]


def _runs(numbers: list[str]) -> str:
    more = f" and {len(numbers) - RUNS_NAMED:,} more" if len(numbers) > RUNS_NAMED else ""
    listed = ", ".join(numbers[:RUNS_NAMED])
    return f"run {listed} names" if len(numbers) == 1 else f"runs {listed}{more} name"
