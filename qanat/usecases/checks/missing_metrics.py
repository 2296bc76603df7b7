"""Metrics that an experiment asks for and its runs do not have: often one that is misspelt in the definition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.metric_problems import meant
from qanat.domain.run import Run, State
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.records import run_codec, series_end, storage
from qanat.records.index import Index
from qanat.records.measured import is_series
from qanat.usecases.project import Project

# The newest runs of an experiment, of which those with a finished group count.
RUNS_READ = 5


def warnings(project: Project, index: Index, files: Set[str] | None = None) -> list[str]:
    """List what experiments ask for and the newest runs lack; of all, or of those that these files define.

    A record counts as a file of its experiment.
    """
    index.sync()
    found: list[str] = []
    for name in project.names("experiment"):
        sources = _sources(project, name)
        runs = _newest(index, name) if any(source.keys or source.better for source in sources) else []
        definition = project.paths.relative(project.paths.definition("experiment", name))
        if runs and (files is None or not files.isdisjoint({definition, run_codec.path_of(runs[0])})):
            found += [*described(project, runs[0]), *_without_values(name, sources, runs)]
    return found


def _sources(project: Project, name: str) -> Sequence[MetricSource]:
    try:
        return project.experiment(name).metrics
    except (InputInvalid, NotFound):
        return ()


def _newest(index: Index, name: str) -> list[Run]:
    """List the newest runs of an experiment that have finished groups."""
    rows = index.summaries_with_records(experiment=name, newest=RUNS_READ)
    runs = (run_codec.from_index(text, summary.path) for summary, text in rows)
    return [run for run in runs if any(group.state is State.FINISHED for group in run.groups)]


def _without_values(experiment: str, sources: Sequence[MetricSource], runs: Sequence[Run]) -> Iterator[str]:
    """Yield the metrics with a direction that none of these runs has: not every run needs to have them."""
    names = dict.fromkeys(name for run in runs for group in run.groups for name in group.metrics)
    for name in dict.fromkeys(name for source in sources for name in source.better if name not in source.keys):
        if name not in names:
            what = f"experiment {experiment} says which values of {quoted(name)} are better"
            yield f"{what}, but its newest runs have no such metric{meant(name, [*names])}"


def described(project: Project, run: Run) -> list[str]:
    """List the metrics that finished groups of a run lack, a sentence each, unless its experiment asked for others."""
    sources = _sources(project, run.experiment)
    found = list(_described(project, run, sources))
    return found if found and is_asked(project, run, sources) else []


def is_asked(project: Project, run: Run, sources: Sequence[MetricSource]) -> bool:
    """Return whether the run's experiment asked for the same metrics then; also if that is unknown."""
    try:
        then = project.experiment_at(run.code.commit, run.experiment)
    except InputInvalid:
        return True
    return then is None or then.metrics == tuple(sources)


def _described(project: Project, run: Run, sources: Sequence[MetricSource]) -> Iterator[str]:
    finished = [group for group in run.groups if group.state is State.FINISHED]
    for source in sources:
        for name in source.keys:
            lacking = [group for group in finished if name not in group.metrics]
            if lacking:
                path = group_folder(project.storage_of(run), lacking[0].number, len(run.groups)) / source.file
                names = series_end.names(path) if is_series(source) else storage.metric_names(path)
                count = f" in {len(lacking):,} of {len(finished):,} finished groups" if len(finished) > 1 else ""
                yield f"run {run.number} of {run.experiment} has no metric {quoted(name)}{count}{meant(name, names)}"
