"""Conditions of baselines with names that no run of their experiment has, often misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Set

from qanat.domain import baseline, condition, facts, times
from qanat.domain.search import Names, search
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records.index import Index
from qanat.usecases.checks import baselines
from qanat.usecases.project import Project


def warnings(project: Project, index: Index, files: Set[str] | None = None) -> list[str]:
    """List such names, a sentence each, in all experiments or in those that these files define."""
    index.sync_once()
    found: list[str] = []
    for name in project.names("experiment"):
        if files is None or project.paths.relative(project.paths.definition("experiment", name)) in files:
            found += _unknown(project, index, name)
    return found


def _unknown(project: Project, index: Index, name: str) -> Iterator[str]:
    """Yield what is wrong with the conditions of an experiment that has runs, if its definition is valid."""
    try:
        definition = project.definition("experiment", name)
    except (InputInvalid, NotFound):
        return
    wanted = dict.fromkeys(rule.where for rule in baseline.rules_of(definition) if rule.where)
    if not wanted or any(baselines.problems(definition)):
        return
    runs = facts.from_texts(text for _, text in index.facts(experiment=name))
    names, now = Names.of(group for run in runs for group in run.groups), times.parse(project.clock.now())
    for where in wanted if runs else ():
        try:
            search(condition.parse(where), names, now)
        except UsageError as error:
            yield f"the baseline of experiment {name} is that of {quoted(where)}, but {error.message} ({error.hint})"
