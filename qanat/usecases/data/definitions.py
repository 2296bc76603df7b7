"""The definitions of the datasets of a run: what is known of them today, and whether their data are there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from qanat.domain.data import COMMAND, NONE, STAT
from qanat.domain.data_paths import is_url
from qanat.domain.experiment import Dataset
from qanat.errors import InputInvalid, NotFound
from qanat.system import files
from qanat.usecases.project import Project


def definition_of(project: Project, name: str, path: str, track: str = STAT) -> Dataset:
    """Return the definition of a dataset if it still has this path; otherwise one that is tracked as a run did.

    A program is only started for a definition that names it today.
    """
    with suppress(NotFound, InputInvalid):
        found = project.dataset(name)
        if found.path == path:
            return found
    return Dataset(name, path, track=NONE if track == COMMAND else track)


def looked_at(dataset: Dataset) -> str:
    """Return how a dataset is looked at: not at all if it is somewhere else, unless its own program does."""
    elsewhere = is_url(dataset.path) or not dataset.check
    return NONE if elsewhere and dataset.track != COMMAND else dataset.track


def is_missing(dataset: Dataset, place: str) -> bool:
    """Return whether the data of a dataset should be at a place on this machine, but are not."""
    return dataset.check and not is_url(dataset.path) and not files.exists(Path(place))
