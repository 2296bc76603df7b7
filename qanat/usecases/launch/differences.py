"""How what is about to be run differs from what was run or planned before, for messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qanat.domain.container import Container, other_container
from qanat.domain.data import NONE, HasData, data_differ
from qanat.domain.environment import Environment, listed
from qanat.domain.environment import differences as environments_differ
from qanat.domain.experiment import Experiment
from qanat.domain.group_key import INPUTS_MAX
from qanat.git import repository
from qanat.git.trees import Trees
from qanat.usecases.project import Project

NAMED_MAX = 3


def code(project: Project, experiment: Experiment, before: str, now: str, data: Collection[str] = ()) -> str:
    """Return in which files the code of an experiment differs between two commits, as far as that is known.

    Files of datasets with paths in `data` are not code.
    """
    names = [name for name in _changed(project, experiment, before, now) if experiment.has_code_besides(name, data)]
    return _named(names) if names else "another commit"


def uncommitted(names: Sequence[str]) -> str:
    """Return what is said of these files with uncommitted changes, with which nothing is run."""
    return f"there are uncommitted changes, to be committed first{': ' if names else ''}{_named(names)}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return f"{', '.join(names[:NAMED_MAX])}{more}"


def is_of_data_only(project: Project, experiment: Experiment, before: str, now: str, data: Collection[str]) -> bool:
    """Return whether code differs between two commits, but only in files of datasets with these paths."""
    changed = _changed(project, experiment, before, now) if data else []
    return bool(changed) and not any(experiment.has_code_besides(name, data) for name in changed)


def _changed(project: Project, experiment: Experiment, before: str, now: str) -> list[str]:
    trees = Trees(project.location, repository.open_repository(project.location))
    return [name for name in trees.differing_code(before, now) or () if experiment.has_code(name)]


def command(before: Sequence[str], now: Sequence[str]) -> str:
    """Return two commands."""
    return f"{' '.join(now)}, was {' '.join(before)}"


def data(before: HasData, now: HasData) -> str:
    """Return how data differ, or of which that is not known."""
    differences = [str(difference) for difference in data_differ(before, now)] or _other_tracks(before, now)
    if not differences and any(sum(state.is_input for state in side.data) >= INPUTS_MAX for side in (before, now)):
        return f"not known of {INPUTS_MAX:,} inputs or more"
    if not differences:
        unknown = dict.fromkeys(state.name for state in (*now.data, *before.data) if state.identity is None)
        return f"not known of {', '.join(unknown)}" if unknown else "other inputs, or another parameters file"
    more = f"; and {len(differences) - NAMED_MAX:,} more" if len(differences) > NAMED_MAX else ""
    return "; ".join(differences[:NAMED_MAX]) + more


def environment(before: Environment | None, now: Environment | None) -> str:
    """Return how an environment differs from an earlier one; empty if that is not known."""
    return listed(environments_differ(before, now), NAMED_MAX) if before and now else ""


def container(before: Container | None, now: Container | None) -> str:
    """Return two containers, or that there is or was none."""
    return other_container(before, now)


def _other_tracks(before: HasData, now: HasData) -> list[str]:
    """List how datasets are tracked now, where they were tracked in another way."""
    tracks = [{state.name: state.track for state in side.data if not state.is_input} for side in (before, now)]
    both = [(name, *(track.get(name, NONE) for track in tracks)) for name in now.datasets if name in before.datasets]
    return [f"{name}: tracked by {new}, was {old}" for name, old, new in both if old != new]
