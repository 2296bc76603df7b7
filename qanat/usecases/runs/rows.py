"""Reading the rows of tables: the facts about runs as they are now, and which of them meet a condition."""

from __future__ import annotations

from functools import cache

from qanat.domain import facts, times
from qanat.domain.condition import EVERY, Condition
from qanat.domain.facts import Row, RunFacts
from qanat.domain.run import Run
from qanat.domain.search import Names, search
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.tracking.refresh import Refreshed


def current_facts(
    project: Project, index: Index, refreshed: Refreshed, *, experiment: str | None = None
) -> dict[str, RunFacts]:
    """Return the facts about runs as they are now, newest first, by the paths of their records.

    Experiments have their current names.
    """
    texts = index.facts(experiment=experiment)
    name_now = cache(lambda name: project.names_of(name)[0])
    found = {}
    for (path, _), known in zip(texts, facts.from_texts(text for _, text in texts), strict=True):
        now = facts.facts_of(refreshed.live[path]) if path in refreshed.live else known
        name = name_now(now.experiment)
        found[path] = now if name == now.experiment else now._replace(experiment=name)
    return found


def matching_paths(
    project: Project, index: Index, refreshed: Refreshed, condition: Condition, *, experiment: str | None = None
) -> list[str]:
    """Return the paths of the records of the runs that meet a condition, newest first.

    Raises UsageError for a name that no run has; where there are no runs, any name is accepted.
    """
    known = current_facts(project, index, refreshed, experiment=experiment)
    if not known:
        return []
    meets = search(condition, Names.of(known.values()), times.parse(project.clock.now()))
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
