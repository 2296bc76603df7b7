"""Metrics that an experiment asks for and its runs do not have: often one that is misspelt in the definition."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

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

# The newest runs of an experiment, of which the first that has a finished group counts.
RUNS_READ = 5


def warnings(project: Project, index: Index, files: Collection[str] | None = None) -> list[str]:
    """List experiments whose newest run lacks what they ask for; of all, or of those that these files define.

    A record counts as a file of its experiment.
    """
    index.sync()
    found: list[str] = []
    for name in project.names("experiment"):
        definition = project.paths.relative(project.paths.definition("experiment", name))
        run = _newest(index, name) if _asks(project, name) else None
        if run and (files is None or definition in files or run_codec.path_of(run) in files):
            found += described(project, run)
    return found


def _asks(project: Project, name: str) -> bool:
    try:
        return any(source.asked for source in project.experiment(name).metrics)
    except (InputInvalid, NotFound):
        return False


def _newest(index: Index, name: str) -> Run | None:
    """Return the newest run of an experiment that has finished groups; None if it is not among the newest ones."""
    for summary, text in index.summaries_with_records(experiment=name, newest=RUNS_READ):
        run = run_codec.from_index(text, summary.path)
        if any(group.state is State.FINISHED for group in run.groups):
            return run
    return None


def described(project: Project, run: Run) -> list[str]:
    """List the metrics that finished groups of a run lack, a sentence each, unless its experiment asked for others."""
    try:
        sources = project.experiment(run.experiment).metrics
    except (InputInvalid, NotFound):
        return []
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
        for name in source.asked:
            lacking = [group for group in finished if name not in group.metrics]
            if lacking:
                path = group_folder(project.storage_of(run), lacking[0].number, len(run.groups)) / source.file
                names = series_end.names(path) if is_series(source) else storage.metric_names(path)
                count = f" in {len(lacking):,} of {len(finished):,} finished groups" if len(finished) > 1 else ""
                yield f"run {run.number} of {run.experiment} has no metric {quoted(name)}{count}{meant(name, names)}"
