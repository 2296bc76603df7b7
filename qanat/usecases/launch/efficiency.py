"""What runs used of what they asked for, and templates that would have fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain import time_limits
from qanat.domain.asked import Asked
from qanat.domain.condition import Condition
from qanat.domain.efficiency import Efficiency, efficiencies
from qanat.domain.experiment import Template
from qanat.domain.facts import Row, RunFacts
from qanat.domain.names import name_problem
from qanat.errors import InputInvalid, NotFound, QanatError, UsageError
from qanat.records.index import Index
from qanat.runners.protocol import Runners, TellsRequests
from qanat.usecases.launch import templates
from qanat.usecases.project import Project
from qanat.usecases.runs.rows import current_facts, names_of, search_for
from qanat.usecases.tracking.find import find_run
from qanat.usecases.tracking.refresh import Refreshed


@dataclass(frozen=True, slots=True)
class Advice:
    """What runs used, and a template that would have fitted: None if nothing is known, or its runner cannot tell."""

    found: Efficiency
    template: Template | None


def asked_by(runners: Runners, runner: str, options: Mapping[str, Any]) -> Asked:
    """Return what jobs with these options asked for, as far as their runner tells."""
    try:
        if runners.is_in_process(runner):
            limit = options.get(time_limits.KEY)
            return Asked(time_s=time_limits.seconds(str(limit))) if limit else Asked()
        loaded = runners.submitting(runner)
    except QanatError:
        return Asked()
    return loaded.asked(options) if isinstance(loaded, TellsRequests) else Asked()


def advice(
    project: Project,
    index: Index,
    refreshed: Refreshed,
    runners: Runners,
    names: Sequence[str],
    condition: Condition,
    runner: str | None = None,
) -> list[Advice]:
    """Return what these runs used, or all that meet a condition: one entry for each experiment, template and request.

    With `runner`, the templates are for that one, whatever the runs had. Raises NotFound, and UsageError for a runner
    that does not tell what its options ask for.
    """
    if runner and not isinstance(runners.submitting(runner), TellsRequests):
        raise UsageError(f"runner {runner} does not tell what its options ask for")
    known = current_facts(project, index, refreshed)
    ids = {find_run(project, index, refreshed, name).run.id for name in names}
    chosen = [run for run in known.values() if not names or run.id in ids]
    meets = search_for(project, condition, names_of(known.values())) if known else None
    runs = [run for run in chosen if meets and meets(Row(run))]
    requests: dict[str, Asked] = {}

    def asked_of(run: RunFacts) -> Asked:
        key = repr((run.runner, run.options))
        if key not in requests:
            requests[key] = asked_by(runners, run.runner, run.options)
        return requests[key]

    return [Advice(each, _fitting(project, runners, each, runner)) for each in efficiencies(runs, asked_of)]


def _fitting(project: Project, runners: Runners, found: Efficiency, wanted: str | None) -> Template | None:
    """Return the template of the runs with what would have been enough; one of their experiment if it is `default`."""
    runner = wanted or found.runner
    needed = found.fitting
    if needed == Asked() or runners.is_in_process(runner):
        return None
    try:
        loaded = runners.submitting(runner)
    except QanatError:
        return None
    if not isinstance(loaded, TellsRequests):
        return None
    is_own = runner == found.runner
    base = _template(project, runners, runner, found.template if is_own else None)
    options = loaded.asking(found.options if is_own else base.options, needed)
    name = base.name if base.name != templates.DEFAULT else found.experiment
    return Template(name, runner, options, f"What {found.experiment} needs", base.retry)


def _template(project: Project, runners: Runners, runner: str, name: str | None) -> Template:
    try:
        if name is None or not name_problem(name):  # a record may name any file
            return templates.find_template(project, runner, name, runners)
    except (NotFound, InputInvalid):
        pass
    return Template(templates.DEFAULT, runner, runners.default_templates().get(runner, {}))
