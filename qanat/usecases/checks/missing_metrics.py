"""What an experiment names and its runs do not have: metrics, files of them, and seeds, often misspelt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from qanat.domain.comparison import parameters_of
from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.measured import split_statistic
from qanat.domain.metric_problems import meant
from qanat.domain.names import nearest
from qanat.domain.run import Run, State
from qanat.domain.seeds import GUESSED, is_seed
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.records import run_codec, series_end, storage
from qanat.records.index import Index
from qanat.records.measured import is_series
from qanat.system.files import exists, is_folder
from qanat.usecases.project import Project

# The newest runs of an experiment, of which those with a finished group count.
RUNS_READ = 5
# The finished groups of a run in which a file of metrics is looked for.
GROUPS_READ = 20
# What files of metrics are called.
SUFFIXES = (".json", ".yaml", ".yml", ".jsonl", ".csv")


def warnings(project: Project, index: Index, files: Set[str] | None = None) -> list[str]:
    """List what experiments ask for and the newest runs lack; of all, or of those that these files define.

    A record counts as a file of its experiment.
    """
    index.sync_once()
    found: list[str] = []
    for name in project.names("experiment"):
        sources, seeds = _asked(project, name)
        runs = _newest(index, name) if sources or seeds else []
        definition = project.paths.relative(project.paths.definition("experiment", name))
        if runs and (files is None or not files.isdisjoint({definition, run_codec.path_of(runs[0])})):
            found += [*described(project, runs[0]), *_without_values(name, sources, runs)]
            found += [*_without_files(project, name, sources, runs), *_without_seeds(name, seeds, runs)]
    return found


def _asked(project: Project, name: str) -> tuple[Sequence[MetricSource], Sequence[str]]:
    """Return the files of metrics of an experiment, and its seeds; nothing if the definition cannot be read."""
    try:
        experiment = project.experiment(name)
    except (InputInvalid, NotFound):
        return (), ()
    return experiment.metrics, experiment.seeds or ()


def _newest(index: Index, name: str) -> list[Run]:
    """List the newest runs of an experiment that have finished groups."""
    rows = index.summaries_with_records(experiment=name, newest=RUNS_READ)
    runs = (run_codec.from_index(text, summary.path) for summary, text in rows)
    return [run for run in runs if any(group.state is State.FINISHED for group in run.groups)]


def _without_values(experiment: str, sources: Sequence[MetricSource], runs: Sequence[Run]) -> Iterator[str]:
    """Yield the metrics of which something is said and that none of these runs has; not every run needs them.

    What a curve came to, such as loss.min, can be described, too.
    """
    names = dict.fromkeys(name for run in runs for group in run.groups for name in group.metrics)
    curves = {name for run in runs for group in run.groups for name in group.curves}
    for name, said in _described_metrics(sources).items():
        if name not in names and split_statistic(name)[0] not in curves:
            what = f"experiment {experiment} says {said}"
            yield f"{what}, but its newest runs have no such metric{meant(name, [*names])}"


def _described_metrics(sources: Sequence[MetricSource]) -> dict[str, str]:
    """Map metrics to what an experiment says about them, without those that it asks for by `keys`."""
    found: dict[str, str] = {}
    for source in sources:
        said = [(name, f"which values of {quoted(name)} are better") for name in source.better]
        said += [(name, f"what to call {quoted(name)}") for name in source.label]
        said += [(name, f"which unit {quoted(name)} has") for name in source.unit]
        for name, what in said:
            if name not in source.keys:
                found.setdefault(name, what)
    return found


def _without_files(
    project: Project, experiment: str, sources: Sequence[MetricSource], runs: Sequence[Run]
) -> Iterator[str]:
    """Yield the files of metrics that none of these runs has left, if the results of one are here."""
    folders = [folder for run in runs for folder in _folders(project, run) if _can_be_listed(folder)]
    absent = [source for source in sources if not source.keys and not any(exists(f / source.file) for f in folders)]
    if folders and absent and is_asked(project, runs[0], sources):
        names = [path.name for path in folders[0].iterdir() if path.suffix in SUFFIXES]
        for source in absent:
            what = f"experiment {experiment} reads metrics from {source.file}"
            yield f"{what}, but its newest runs left no such file{meant(source.file, names)}"


def _can_be_listed(folder: Path) -> bool:
    """Return whether a folder is here, and another user does not keep it from this one."""
    return is_folder(folder) and os.access(folder, os.R_OK | os.X_OK)


def _folders(project: Project, run: Run) -> list[Path]:
    """List the folders of the first finished groups of a run."""
    finished = [group for group in run.groups if group.state is State.FINISHED][:GROUPS_READ]
    return [group_folder(project.storage_of(run), group.number, len(run.groups)) for group in finished]


def _without_seeds(experiment: str, seeds: Sequence[str], runs: Sequence[Run]) -> Iterator[str]:
    """Yield seeds that no group of these runs has, if another parameter may be meant: runs may do without a seed."""
    names = {name.lstrip("-"): name for run in runs for group in run.groups for name in parameters_of(group)}
    others = [name for name in names if not is_seed(name, [seed.lstrip("-") for seed in seeds])]
    for seed in seeds:
        plain = seed.lstrip("-")
        close = [] if plain in names else [*nearest(plain, others, 1), *(name for name in others if name in GUESSED)]
        if close:
            what = f"experiment {experiment} says that {quoted(seed)} is a seed"
            yield f"{what}, but its newest runs have no such parameter (did you mean {quoted(names[close[0]])}?)"


def described(project: Project, run: Run) -> list[str]:
    """List the metrics that finished groups of a run lack, a sentence each, unless its experiment asked for others."""
    sources, _ = _asked(project, run.experiment)
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
                folder = group_folder(project.storage_of(run), lacking[0].number, len(run.groups))
                names = (series_end.names if is_series(source) else storage.metric_names)(folder, source.file)
                count = f" in {len(lacking):,} of {len(finished):,} finished groups" if len(finished) > 1 else ""
                yield f"run {run.number} of {run.experiment} has no metric {quoted(name)}{count}{meant(name, names)}"
