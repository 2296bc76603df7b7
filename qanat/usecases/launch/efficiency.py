"""What runs used of what they asked for, and templates that would have fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from qanat.domain.asked import Asked
from qanat.domain.condition import Condition
from qanat.domain.efficiency import Efficiency, efficiencies
from qanat.domain.experiment import Template
from qanat.domain.facts import Row, RunFacts
from qanat.errors import InputInvalid, NotFound, QanatError, UsageError
from qanat.records.index import Index
from qanat.runners.protocol import Runners, TellsRequests
from qanat.usecases.definitions.templates import defined, whole
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
    """Return what jobs with these options asked for, as far as their runner tells; nothing on this machine."""
    try:
        loaded = None if runners.is_in_process(runner) else runners.submitting(runner)
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
    if runner:
        _check_tells(runners, runner)
    known = current_facts(project, index, refreshed)
    ids = {find_run(project, index, refreshed, name).run.id for name in names}
    chosen = [run for run in known.values() if not names or run.id in ids]
    meets = search_for(project, condition, names_of(known.values()), refreshed.is_fresh) if known else None
    runs = [run for run in chosen if meets and meets(Row(run))]
    requests: dict[str, Asked] = {}

    def asked_of(run: RunFacts) -> Asked:
        key = repr((run.runner, run.options))
        if key not in requests:
            requests[key] = asked_by(runners, run.runner, run.options)
        return requests[key]

    return [Advice(each, _fitting(project, runners, each, runner)) for each in efficiencies(runs, asked_of)]


def _check_tells(runners: Runners, runner: str) -> None:
    if runners.is_in_process(runner):
        raise UsageError(
            f"runner {runner} has no templates: programs take what this machine has",
            hint=f"name a scheduler: --runner {' or '.join(runners.submitting_names())}",
        )
    if not isinstance(runners.submitting(runner), TellsRequests):
        raise UsageError(f"runner {runner} does not tell what its options ask for")


def _fitting(project: Project, runners: Runners, found: Efficiency, wanted: str | None) -> Template | None:
    """Return a template with what would have been enough, in place of that of the runs or for their experiment."""
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
    base, defined = _template(project, runners, runner, found.template if is_own else None)
    had = found.options if is_own else base.options
    fitting = replace(base, options=loaded.asking(had, needed), description=f"What {found.experiment} needs")
    is_shared = base.name == templates.DEFAULT or any(source.pack for source in defined.sources)
    inherits = bool(defined.extends) or (is_shared and base.name != templates.DEFAULT)
    changes = _changes(base.options, had, fitting.options, partial(runners.option_name, runner)) if inherits else None
    if changes is None:
        name = found.experiment if is_shared else base.name
        return replace(fitting, name=name, extends=(), sources=())
    if is_shared:  # it stays as it is for others
        name = found.experiment if found.experiment != base.name else f"{found.experiment}-own"
        return Template(name, runner, changes, fitting.description, extends=(base.name,))
    own = {key: value for key, value in defined.options.items() if key not in changes}
    return replace(defined, options=own | changes, description=fitting.description, sources=())


def _changes(
    base: Mapping[str, Any], had: Mapping[str, Any], now: Mapping[str, Any], name_of: Callable[[str], str]
) -> dict[str, Any] | None:
    """Return the options by which a template that extends one with `base` has those of now; None removes one.

    Returns None if a run had others than `base`, so that it is not known what extending it would come to.
    """
    before, recorded, after = ({name_of(key): (key, value) for key, value in each.items()} for each in (base, had, now))
    if {name: value for name, (_, value) in before.items()} != {name: value for name, (_, value) in recorded.items()}:
        return None
    changed = {key: value for name, (key, value) in after.items() if name not in before or before[name][1] != value}
    return changed | {key: None for name, (key, _) in before.items() if name not in after}


def _template(project: Project, runners: Runners, runner: str, name: str | None) -> tuple[Template, Template]:
    """Return a template with what it comes to here, and as it is defined; the default one if it is gone."""
    try:
        if found := defined(project, runner, name or templates.DEFAULT, runners):
            return whole(project, found[0], runners), found[0]
    except (NotFound, InputInvalid):
        pass
    base = Template(templates.DEFAULT, runner, runners.default_templates().get(runner, {}) if name else {})
    return base, base
