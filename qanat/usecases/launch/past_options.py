"""The options with which an earlier run was submitted, when a scheduler is to get them again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain.config import template_sections
from qanat.domain.experiment import Template
from qanat.domain.extending import matches
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import ExtendsInvalid, InputInvalid, NotFound
from qanat.git import repository
from qanat.records import definitions
from qanat.records.made import Notes
from qanat.runners.protocol import Runners
from qanat.usecases.definitions.templates import extended
from qanat.usecases.project import Project, valid_content

# A number, a size or a duration, as `--time-limit` and `--set` change them.
_AMOUNT = re.compile(r"[0-9][0-9.:-]*[A-Za-z]{0,3}\Z")

_Read = Callable[[str, Path], Mapping[str, Any] | None]


def check(project: Project, run: Run, runners: Runners) -> None:
    """Raise InputInvalid if a run has options that its template lacks, at the run's commit and in the working tree.

    Some options of schedulers start programs, or set variables by which they do. Amounts may differ, and a run that was
    launched here is believed.
    """
    options = {key: value for key, value in run.runner.options.items() if not _AMOUNT.match(str(value))}
    if not options or Notes(project.location.private).has_launched(run.id):
        return
    known = list(_defined(project, run, runners))
    foreign = [key for key, value in options.items() if all(key not in one or one[key] != value for one in known)]
    if foreign:
        raise InputInvalid(
            f"the record of run {run.number} has option {quoted(foreign[0])} of {run.runner.name}, unlike its template",
            hint="to submit it with the options of a template: add --submit-template NAME",
        )


def _defined(project: Project, run: Run, runners: Runners) -> Iterator[Mapping[str, Any]]:
    """Yield what a run's template comes to on the run's machine, in the working tree and in the run's commit."""
    for read in (partial(_now, project), partial(_then, project, run.code.commit)):

        def base(name: str, read: _Read = read) -> Template:
            if found := next(_templates(project, run.runner.name, name, read), None):
                return found
            raise NotFound(f"template {quoted(name)} does not exist")

        for template in _templates(project, run.runner.name, run.runner.template or "", read):
            with suppress(ExtendsInvalid):
                yield extended(template, base, lambda patterns: matches(patterns, run.host), runners).options


def _templates(project: Project, runner: str, name: str, read: _Read) -> Iterator[Template]:
    """Yield the templates of this name, in their file and in the settings, where these can be read."""
    if content := read("template", project.paths.definition("template", name, runner)):
        yield definitions.template_from(dict(content))
    configured = template_sections(read("config", project.paths.config) or {}).get(runner, {})
    if name in configured:
        yield Template(name, runner, configured[name])


def _now(project: Project, kind: str, path: Path) -> Mapping[str, Any] | None:
    with suppress(InputInvalid):
        return project.load_valid(kind, path)
    return None


def _then(project: Project, commit: str, kind: str, path: Path) -> Mapping[str, Any] | None:
    opened, source = repository.open_repository(project.location), project.paths.relative(path)
    if (data := repository.read_at(opened, commit, source)) is not None:
        with suppress(InputInvalid), project.index() as index:
            return valid_content(index, data, kind, f"{source} in {commit[:10]}")
    return None
