"""Data of earlier runs."""

from __future__ import annotations

from qanat.domain.run import Run
from qanat.records import run_codec
from qanat.usecases.project import Project


def last_run(project: Project, experiment: str) -> Run | None:
    """Return the newest run of an experiment, as recorded; None if it has none."""
    with project.index() as index:
        index.sync()
        found = list(index.records(experiment=experiment, newest=1))
    return run_codec.from_index(found[0]) if found else None
