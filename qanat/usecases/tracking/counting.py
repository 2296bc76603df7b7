"""Counting runs in a clone in which none was started yet."""

from __future__ import annotations

from qanat.domain.layout import RUNS
from qanat.records import numbers
from qanat.usecases.project import Project


def begin(project: Project) -> None:
    """Make the next number greater than those of all runs in the history; the caller holds the repository's lock.

    Runs may have been deleted, or be left out of a sparse checkout.
    """
    private = project.location.private
    if not numbers.is_counting(private):
        from qanat.git import history, tracked  # only the first run in a clone needs them

        known = [*history.deleted_files(project.location, RUNS), *tracked.below(project.location, RUNS)]
        numbers.raise_above_records(private, known, project.sharing)
