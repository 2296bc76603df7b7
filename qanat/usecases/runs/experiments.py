"""What the experiments of runs say about the numbers of these runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qanat.domain.experiment import Experiment
from qanat.domain.measured import split_statistic
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.usecases.project import Project


def experiments_of(project: Project, names: Iterable[str]) -> dict[str, Experiment]:
    """Return experiments by these names, without those that are invalid or no longer defined."""
    found = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = project.experiment(name)
        except (InputInvalid, NotFound):
            continue
    return found


def unreadable(project: Project, names: Iterable[str]) -> list[str]:
    """List what is wrong with the definitions of experiments by these names that are invalid, and so not used."""
    found = []
    for name in dict.fromkeys(names):
        try:
            project.experiment(name)
        except InputInvalid as error:
            what = f"so no seeds, labels, units and better values of experiment {quoted(name)} are known"
            found.append(f"{error.message}; {what}")
        except NotFound:
            continue
    return list(dict.fromkeys(found))


def directions(experiments: Iterable[Experiment]) -> dict[str, str]:
    """Map metrics to the direction that is better."""
    return {name: way for e in experiments for source in e.metrics for name, way in source.better.items()}


def metric_titles(experiments: Iterable[Experiment]) -> dict[str, str]:
    """Map metrics to their titles for a paper, without those of which experiments say different things."""
    found: dict[str, set[str]] = {}
    for experiment in experiments:
        for name, title in experiment.titles().items():
            found.setdefault(name, set()).add(title)
    return {name: title for name, (title, *others) in found.items() if not others}


def title_of(name: str, titles: Mapping[str, str]) -> str:
    """Return the title of a metric, or of what its curve came to, as `Loss (nats), min`; empty if there is none."""
    curve, which = split_statistic(name)
    return titles.get(name) or (f"{titles[curve]}, {which}" if curve in titles and which != "count" else "")
