"""Reading the rows of tables: the facts about runs as they are now, and which of them meet a condition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice

from qanat.domain import facts, times
from qanat.domain.condition import EVERY, Condition
from qanat.domain.facts import Row, RunFacts, rows_of
from qanat.domain.run import Run
from qanat.domain.run_columns import (
    Column,
    all_columns,
    chosen_columns,
    default_columns,
    is_pattern,
    shared_parameters,
    sorted_rows,
)
from qanat.domain.search import IsFresh, Names, Search, search
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.runs.experiments import experiments_of, metric_titles
from qanat.usecases.tracking.find import find_run
from qanat.usecases.tracking.refresh import Refreshed

# The facts that are read at once.
PIECE = 2_000


def current_facts(
    project: Project, index: Index, refreshed: Refreshed, *, experiment: str | None = None
) -> dict[str, RunFacts]:
    """Return the facts about runs as they are now, newest first, by the paths of their records.

    Experiments have their current names.
    """
    return dict(_current(project, refreshed, index.facts(experiment=experiment)))


def _current(
    project: Project, refreshed: Refreshed, texts: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, RunFacts]]:
    """Yield the facts about runs as they are now, by the paths of their records, from those of the index."""
    name_now = cache(lambda name: project.names_of(name)[0])
    left = iter(texts)
    while piece := list(islice(left, PIECE)):
        known = facts.from_texts(text for _, text in piece)
        for (path, _), recorded in zip(piece, known, strict=True):
            now = facts.facts_of(refreshed.live[path]) if path in refreshed.live else recorded
            name = name_now(now.experiment)
            yield path, now if name == now.experiment else now._replace(experiment=name)


def chosen_facts(
    project: Project,
    index: Index,
    refreshed: Refreshed,
    words: Sequence[str],
    condition: Condition,
    *,
    experiment: str | None = None,
) -> dict[str, RunFacts]:
    """Return the facts about the runs of these numbers or ids, or about all, that meet a condition, by their paths.

    They are newest first. Errors as for find_run() and matching_paths(), and NotFound for an experiment that is neither
    defined nor has runs.
    """
    known = current_facts(project, index, refreshed, experiment=experiment)
    if experiment is not None and not known:
        project.experiment(experiment)
    runs = known
    if words:
        named = {find_run(project, index, refreshed, word, experiment=experiment).run.id for word in words}
        runs = {path: run for path, run in known.items() if run.id in named}
    if not known or condition == EVERY:
        return runs
    meets = search_for(project, condition, names_of(known.values()), refreshed.is_fresh)
    return {path: run for path, run in runs.items() if meets(Row(run))}


def matching_paths(
    project: Project, index: Index, refreshed: Refreshed, condition: Condition, *, experiment: str | None = None
) -> list[str]:
    """Return the paths of the records of the runs that meet a condition, newest first.

    Raises UsageError for a name that no run has; where there are no runs, any name is accepted.
    """
    known = current_facts(project, index, refreshed, experiment=experiment)
    if not known:
        return []
    meets = search_for(project, condition, names_of(known.values()), refreshed.is_fresh)
    return [path for path, run in known.items() if meets(Row(run))]


def matching_runs(
    project: Project, index: Index, refreshed: Refreshed, condition: Condition, *, experiment: str | None = None
) -> list[Run]:
    """Return whole runs as they are now that meet a condition, newest first; errors as for matching_paths()."""
    texts = {row.path: text for row, text in index.summaries_with_records(experiment=experiment)}
    if condition != EVERY:
        met = matching_paths(project, index, refreshed, condition, experiment=experiment)
        texts = {path: texts[path] for path in met if path in texts}
    return [refreshed.live.get(path) or run_codec.from_index(text, path) for path, text in texts.items()]


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What a table of runs, or of groups, should have: `columns` are names or patterns, and none are the usual ones.

    `sort` has names of columns, with `-` before them for the greatest first. `most` limits the rows. `with_shared` also
    looks for what the rows share, which costs time for each run. `with_titles` looks for the metrics' titles.
    """

    condition: Condition = EVERY
    experiment: str | None = None
    by_group: bool = False
    sort: Sequence[str] = ()
    most: int | None = None
    columns: Sequence[str] = ()
    with_shared: bool = False
    with_titles: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns, where `total` counts the rows that meet the condition.

    `usual` are the columns for a terminal, `short` those for a paper, `every` has all for programs; if columns were
    chosen, all three are those, and `named` are those that were chosen by their names. `shared` are the parameters
    without a column in `usual`, because all rows agree in them, though not all runs do. `titles` are those of metrics.
    """

    rows: Sequence[Row]
    total: int
    by_group: bool
    usual: Sequence[Column]
    short: Sequence[Column]
    every: Sequence[Column]
    named: Collection[Column] = ()
    shared: Sequence[Column] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


def table(project: Project, index: Index, refreshed: Refreshed, request: TableRequest) -> Table:
    """Return a table of runs or groups, the newest first unless they are sorted.

    Raises UsageError for an unknown name, NotFound for an experiment that is neither defined nor has runs.
    """
    if _is_of_newest(request):
        total = index.group_count(request.experiment) if request.by_group else index.count(request.experiment)
        if request.experiment is None or total:
            return _newest(project, index, refreshed, request, total)
    runs = current_facts(project, index, refreshed, experiment=request.experiment)
    if request.experiment is not None and not runs:
        project.experiment(request.experiment)
    return table_of(project, [*runs.values()], request, refreshed.is_fresh)


def _is_of_newest(request: TableRequest) -> bool:
    """Return whether a table needs no more than the newest runs."""
    return request.most is not None and request.condition == EVERY and not request.sort and not request.columns


def _newest(project: Project, index: Index, refreshed: Refreshed, request: TableRequest, total: int) -> Table:
    def read(newest: int | None) -> Iterator[RunFacts]:
        texts = index.facts(experiment=request.experiment, newest=newest)
        return (run for _, run in _current(project, refreshed, texts))

    # Each run has at least one group.
    rows = rows_of(read(request.most), by_group=request.by_group)[: request.most]
    every_row = chain.from_iterable(rows_of([run], by_group=request.by_group) for run in read(None))
    return _table(project, rows, every_row, total, request)


def table_of(project: Project, runs: Sequence[RunFacts], request: TableRequest, is_fresh: IsFresh | None) -> Table:
    """Return a table of these runs, or of their groups; errors as for table()."""
    known = names_of(runs)
    rows = every_row = rows_of(runs, by_group=request.by_group)
    if runs:
        meets = search_for(project, request.condition, known, is_fresh)
        rows = sorted_rows([row for row in rows if meets(row)], request.sort, known)
    chosen = chosen_columns(request.columns, known) if runs else []
    named = chosen_columns((text for text in request.columns if not is_pattern(text)), known) if runs else []
    return _table(project, rows[: request.most], every_row, len(rows), request, chosen, named)


def _table(
    project: Project,
    shown: Sequence[Row],
    every_row: Iterable[Row],
    total: int,
    request: TableRequest,
    chosen: Sequence[Column] = (),
    named: Collection[Column] = (),
) -> Table:
    own = Names.of(group for row in shown for group in row.groups)
    usual, short, every = (
        chosen or default_columns(shown, own, by_group=request.by_group, more=True),
        chosen or default_columns(shown, own, by_group=request.by_group, more=False),
        chosen or all_columns(own, by_group=request.by_group),
    )
    shared = shared_parameters(shown, every_row, own) if request.with_shared and not chosen else []
    experiments = experiments_of(project, (row.run.experiment for row in shown)) if request.with_titles else {}
    titles = metric_titles(experiments.values())
    return Table(shown, total, request.by_group, usual, short, every, named, shared, titles)


def names_of(runs: Iterable[RunFacts]) -> Names:
    """Return the names of parameters, metrics and data that runs have."""
    known = [*runs]
    data: dict[str, object] = {}
    for run in known:
        data |= run.datasets
        data |= dict.fromkeys(state[0] for state in run.states)
    return replace(Names.of(group for run in known for group in run.groups), data=data)


def search_for(project: Project, condition: Condition, names: Names, is_fresh: IsFresh | None) -> Search:
    """Return the search for rows that meet a condition; errors as for search()."""
    return search(condition, names, times.parse(project.clock.now()), is_fresh)
